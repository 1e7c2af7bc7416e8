import type { Like } from "../words.ts";
import type { en } from "./en.ts";

/** Was die gemeinsamen Teile der Seiten sagen, auf Deutsch. */
export const de: Like<typeof en> = {
  "app.name": "Ohmstead",
  "app.skip": "Zum Inhalt springen",
  "app.title": "{page} · Ohmstead",

  "nav.label": "Hauptnavigation",

  "signIn.show": "Passwort zeigen",
  "signIn.hide": "Passwort verbergen",

  "meter.fromGrid": "aus dem Netz",
  "meter.toGrid": "ins Netz",
  "meter.still": "Es fließt nichts",
  "meter.phases": "Phasen",
  "meter.quantity": "Größe",
  "meter.voltage": "Spannung",
  "meter.current": "Strom",
  "meter.power": "Leistung",
  "meter.frequency": "Frequenz",
  "meter.powerFactor": "Leistungsfaktor",

  "banner.offline": "Keine Verbindung zum Server. Sie sehen, was {age} bekannt war.",
  "banner.offlineBare": "Keine Verbindung zum Server.",

  "state.loading": "Wird geladen",
  "state.retry": "Noch einmal versuchen",
  "state.errorTitle": "Das hat nicht geklappt",
  "state.error": "Der Server hat mit einem Fehler geantwortet ({status}). Versuchen Sie es noch einmal; bleibt es so, nennen Sie Ihrem Admin die Nummer unten.",
  "state.said": "Der Server meldet: {detail}",
  "state.said400": "Eine Angabe passt nicht. Der Server meldet: {detail}",
  "state.said403": "Ihre Rolle erlaubt das nicht. Der Server meldet: {detail}",
  "state.said404": "Das gibt es nicht, oder es ist nicht für Sie bestimmt. Der Server meldet: {detail}",
  "state.said409": "Das verträgt sich nicht mit etwas, das es schon gibt. Der Server meldet: {detail}",
  "state.said413": "Das ist zu groß. Der Server meldet: {detail}",
  "state.said429": "Das war zu oft hintereinander; warten Sie einen Augenblick. Der Server meldet: {detail}",
  "state.said503": "Ein Teil des Servers ist gerade nicht zu erreichen; versuchen Sie es gleich noch einmal. Der Server meldet: {detail}",
  "state.request": "Anfrage {id}",
  "state.offlineTitle": "Keine Verbindung zum Server",
  "state.offline": "Prüfen Sie, ob dieses Gerät online ist und ob Ohmstead läuft. Sobald es eine Verbindung gibt, wird es wieder versucht.",
  "state.forbiddenTitle": "Das ist für Ihre Rolle nicht freigegeben",
  "state.forbidden": "Bitten Sie einen Admin um Zugang, oder gehen Sie zurück.",
  "state.notFoundTitle": "Unter dieser Adresse ist nichts",
  "state.notFound": "Vielleicht ist die Seite umgezogen, oder die Adresse ist falsch geschrieben.",
  "state.toMeters": "Zu Ihren Zählern",

  "age.seconds": "vor {n} s",
  "age.minutes": "vor {n} min",
  "age.hours": "vor {n} h",
  "age.never": "nie",

  "form.required": "{field} wird gebraucht.",
  "form.short": "{field} ist zu kurz: {has} Zeichen, mindestens {min} sind nötig.",
  "form.long": "{field} ist zu lang: {has} Zeichen, höchstens {max} sind möglich.",
  "form.email": "„{value}“ ist keine E-Mail-Adresse. Sie sieht aus wie name@example.org.",
  "form.pattern": "„{value}“ passt nicht zu {field}.",
  "form.least": "{field} muss mindestens {min} sein.",
  "form.most": "{field} darf höchstens {max} sein.",
  "form.number": "„{value}“ ist keine Zahl.",
  "form.whole": "„{value}“ ist keine ganze Zahl.",
  "form.optional": "freiwillig",

  "dialog.close": "Schließen",
  "dialog.cancel": "Abbrechen",

  "toast.dismiss": "Ausblenden",
};
