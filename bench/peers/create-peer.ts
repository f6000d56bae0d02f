/** Creates a subject by name. Loads only its code, so that memory figures contain only that subject. */
import type { Peer, Subject } from './peer.js';

/** Creates the subject; it is not started. */
export async function createPeer(subject: Subject): Promise<Peer> {
  switch (subject) {
    case 'ingestion-progress':
      return (await import('./ingestion-progress.js')).createOurPeer();
    case 'raw ws':
      return (await import('./raw-ws.js')).createRawPeer();
    case 'Socket.IO':
      return (await import('./socket-io.js')).createSocketIoPeer();
    case 'graphql-ws':
      return (await import('./graphql-ws-generator.js')).createGeneratorPeer();
    case 'Yoga PubSub':
      return (await import('./yoga-pubsub.js')).createYogaPeer();
  }
}
