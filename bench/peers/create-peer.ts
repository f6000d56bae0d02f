/** Makes the subject of a name, loading no other's code, so that memory figures hold one subject alone. */
import type { Peer, Subject } from './peer.js';

/** The subject, not started. */
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
