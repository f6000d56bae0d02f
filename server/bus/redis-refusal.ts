/** What to say if Redis cannot be used at the start: its own words, and what would help. Pure. */
import { withoutPassword } from '../observability/redact-url.js';

/** Commands that the server sends, and those that its scripts call. */
const COMMANDS =
  '+eval +evalsha +time +hget +hmget +hset +hdel +pttl +pexpire +publish +subscribe +unsubscribe';

/** The same for a cluster with sharded pub/sub. */
const CLUSTER_COMMANDS = '+cluster|slots +spublish +ssubscribe +sunsubscribe';

/** The smallest rights of Redis' `ACL SETUSER` under which the server works. */
export function aclRules(prefix: string, isCluster = false): string {
  return `~${prefix}* &${prefix}* ${COMMANDS}${isCluster ? ` ${CLUSTER_COMMANDS}` : ''}`;
}

const CLUSTER_ADVICE = 'this is a node of a cluster, write redis+cluster:// and its nodes';

/** Our words for what a sentinel does with a script. */
export const SENTINEL = 'this is a sentinel';

/** What helps against these words of Redis, of TLS or of the network. */
function advice(words: string, prefix: string, isCluster: boolean): string {
  if (/NOPERM|The user executing the script/.test(words))
    return `give its user these rights: ${aclRules(prefix, isCluster)}`;
  if (/WRONGPASS|NOAUTH/.test(words))
    return 'check user and password; both are percent-encoded in the address';
  if (/certificate|self.signed|altnames/i.test(words))
    return 'set REDIS_TLS_CA (or NODE_EXTRA_CA_CERTS) to a file with the certificate of the authority that signed it';
  if (words === SENTINEL)
    return 'write redis+sentinel:// and the sentinels, and the name of the master after a slash';
  if (/CROSSSLOT|MOVED|CLUSTERDOWN/.test(words)) return CLUSTER_ADVICE;
  if (/OOM|READONLY|MISCONF/.test(words)) return 'it must take writes';
  return 'check the address, the password and that it runs';
}

/** A sentence for the operator, without the password. */
export function refusalOf(url: string, words: string, prefix: string): string {
  return `REDIS_URL: cannot connect to Redis at ${withoutPassword(url)} (${words.replace(/\.$/, '')}): ${advice(words, prefix, url.includes('+cluster:'))}.`;
}
