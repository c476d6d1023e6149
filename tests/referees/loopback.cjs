// Preloaded into a server that listens on every interface, on a port of its own choice: it listens on loopback, on a port that
// the system picks, and tells it in the first line on standard output.
'use strict';
const { Server } = require('node:net');
const { listen } = Server.prototype;

const say = (line) => process.stdout.write(`${line}\n`);
console.log = console.error;

Server.prototype.listen = function (...given) {
  const then = given.find((argument) => typeof argument === 'function');
  this.once('listening', () => say(JSON.stringify({ port: this.address().port })));
  return listen.call(this, { host: '127.0.0.1', port: 0 }, then);
};
