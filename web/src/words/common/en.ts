/** What the parts say that the cloud's pages and the gateway's share, in English. */
export const en = {
  "app.name": "Ohmstead",
  "app.skip": "Skip to the content",
  "app.title": "{page} · Ohmstead",

  "nav.label": "Main",

  "signIn.show": "Show password",
  "signIn.hide": "Hide password",

  "meter.fromGrid": "from the grid",
  "meter.toGrid": "to the grid",
  "meter.still": "Nothing flows",
  "meter.phases": "Phases",
  "meter.quantity": "Quantity",
  "meter.voltage": "Voltage",
  "meter.current": "Current",
  "meter.power": "Power",
  "meter.frequency": "Frequency",
  "meter.powerFactor": "Power factor",

  "banner.offline": "No connection to the server. You see what was known {age}.",
  "banner.offlineBare": "No connection to the server.",

  "state.loading": "Loading",
  "state.retry": "Try again",
  "state.errorTitle": "This did not work",
  "state.error": "The server answered with an error ({status}). Try again; if it stays, tell your admin the number below.",
  "state.request": "Request {id}",
  "state.offlineTitle": "No connection to the server",
  "state.offline": "Check whether this device is online and whether Ohmstead is running. It is tried again as soon as there is a connection.",
  "state.forbiddenTitle": "This is not for your role",
  "state.forbidden": "Ask an admin for access, or go back.",
  "state.notFoundTitle": "There is nothing at this address",
  "state.notFound": "The page may have moved, or the address is misspelt.",
  "state.toMeters": "Go to your meters",

  "age.seconds": "{n} s ago",
  "age.minutes": "{n} min ago",
  "age.hours": "{n} h ago",
  "age.never": "never",

  "form.required": "{field} is needed.",
  "form.short": "{field} is too short: {has} characters, at least {min} are needed.",
  "form.long": "{field} is too long: {has} characters, at most {max} are possible.",
  "form.email": "“{value}” is not an e-mail address. It looks like name@example.org.",
  "form.pattern": "“{value}” does not fit {field}.",
  "form.least": "{field} must be at least {min}.",
  "form.most": "{field} can be at most {max}.",
  "form.number": "“{value}” is not a number.",
  "form.whole": "“{value}” is not a whole number.",
  "form.optional": "optional",

  "dialog.close": "Close",
  "dialog.cancel": "Cancel",

  "toast.dismiss": "Dismiss",
} as const;
