"""A collector as most people would write it: FastAPI, pydantic, SQLAlchemy, an INSERT a request.

    DATABASE_URL=postgresql+psycopg://… uvicorn plain_insert:app

It checks user and password against one pair, keeps the newest time of each stream, and commits.
"""

import os
import secrets
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, DateTime, Float, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["DATABASE_URL"], pool_size=16, max_overflow=0)
NAMES = [f"{name}_{n}" for name in ("aP", "rP", "apP", "v", "c", "pC") for n in (1, 2, 3)]
NAMES += ["v_12", "v_13", "v_23"]


class Base(DeclarativeBase):
    """The tables."""


class Packet(BaseModel):
    """One packet."""

    model_config = ConfigDict(extra="allow")
    id: str
    tsISO8601: datetime


Stored = type(
    "Stored",
    (Base,),
    {
        "__tablename__": "plain_packets",
        "number": mapped_column(BigInteger, primary_key=True, autoincrement=True),
        "id": mapped_column(String, index=True),
        "at": mapped_column(DateTime(timezone=True)),
        **{name.lower(): mapped_column(Float, nullable=True) for name in NAMES},
    },
)


class Newest(Base):
    """The newest time of each stream."""

    __tablename__ = "plain_newest"
    id: Mapped[str] = mapped_column(String, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


Base.metadata.create_all(engine)
app = FastAPI()
basic = HTTPBasic()


@app.post("/measurements/v2/unifiedjson/")
def take(packet: Packet, who: Annotated[HTTPBasicCredentials, Depends(basic)]) -> dict[str, str]:
    """Store one packet."""
    right = os.environ["LOGIN"]
    if not secrets.compare_digest(f"{who.username}:{who.password}".encode(), right.encode()):
        raise HTTPException(401)
    with Session(engine) as session, session.begin():
        newest = session.scalar(select(Newest).where(Newest.id == packet.id).with_for_update())
        if newest is not None and newest.at >= packet.tsISO8601:
            return {"result": "discarded"}
        session.merge(Newest(id=packet.id, at=packet.tsISO8601))
        said = packet.model_extra or {}
        values = {name.lower(): said.get(name) for name in NAMES}
        session.add(Stored(id=packet.id, at=packet.tsISO8601, **values))
    return {"result": "stored"}
