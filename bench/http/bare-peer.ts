/** Plain `node:http`: the same bytes from memory, and a 304 if the ETag matches. */
import { createServer } from 'node:http';
import { listen } from '../peers/listen.js';
import type { HttpPeer, Served } from './http-peer.js';

/** Answers every path in the same way. */
export function createBarePeer(): HttpPeer {
  let served: Served = { body: Buffer.alloc(0), etag: '', headers: {} };
  const server = createServer((request, response) => {
    const { body, etag, headers } = served;
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { ...headers, etag }).end();
      return;
    }
    response.writeHead(200, { ...headers, etag, 'content-length': body.length }).end(body);
  });
  return {
    start: () => listen(server, 0),
    serve: (next) => {
      served = next;
    },
  };
}
