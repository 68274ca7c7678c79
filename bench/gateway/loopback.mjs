// Preloaded into a peer that would listen on every address: whatever it asks for, it gets loopback.
import { Server } from 'node:net';

const listen = Reflect.get(Server.prototype, 'listen');
Server.prototype.listen = function onLoopback(first, ...rest) {
  if (typeof first === 'object' && first !== null) return Reflect.apply(listen, this, [{ ...first, host: '127.0.0.1' }, ...rest]);
  const callback = rest.findLast((argument) => typeof argument === 'function');
  return Reflect.apply(listen, this, [{ port: Number(first), host: '127.0.0.1' }, ...(callback ? [callback] : [])]);
};
