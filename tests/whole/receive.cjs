// Connects as a sheet on standard input says, with the MQTT version of the argument; prints what comes.
const mqtt = require("mqtt");

const sheet = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const client = mqtt.connect(sheet.uri, {
  protocolVersion: Number(process.argv[2]),
  clientId: `${sheet.username}:js`,
  username: sheet.username,
  password: sheet.password,
  ca: sheet.certificate,
  reconnectPeriod: 0,
});
client.on("connect", () => client.subscribe(sheet.topic, { qos: 1 }));
client.on("message", (topic, payload) => {
  console.log(`${topic} ${JSON.parse(payload).InstantaneousPower.Active.Positive}`);
  client.end();
});
client.on("error", (error) => {
  console.log(error.message);
  process.exitCode = 1;
  client.end(true);
});
