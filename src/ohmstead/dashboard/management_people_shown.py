"""A user as the management API gives them."""

from ohmstead.dashboard import management_shapes as shapes
from ohmstead.store.managed_people import Profile


def shown(profile: Profile) -> shapes.User:
    """A user as the API gives them."""
    user = profile.user
    return shapes.User(
        id=user.id,
        name=profile.name,
        surname=profile.surname,
        email=user.email,
        plan=profile.plan,
        role=user.role.value,
        organization_id=user.organisation,
    )
