/**
 * The scripts that Redis runs in one step, on one hash per project: `revision`, `record`, and while an ending is being
 * stored `closingUntil` and `closingBy`. Time is Redis's own, so that the servers' clocks do not matter.
 * (invariant: compare-and-set) (invariant: store-first-ending)
 */
import { createHash } from 'node:crypto';

/** A script, and the digest by which Redis knows it. */
export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

function script(lua: string): RedisScript {
  return Object.freeze({ lua, sha: createHash('sha1').update(lua).digest('hex') });
}

// %.0f, because Lua 5.1 writes large numbers as 1.8e+12.
const NOW_LUA = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function integer(number) return string.format('%.0f', number) end
`;

/** Why a change is refused: another ending than `mark`'s is being stored, or the state is newer than `baseRevision`. */
const REFUSAL_LUA = `
  local function refusal(key, baseRevision, mark)
    local held = redis.call('HMGET', key, 'revision', 'closingUntil', 'closingBy')
    local closingUntil = tonumber(held[2])
    if closingUntil and closingUntil > now and held[3] ~= mark then
      return { 'closing', integer(closingUntil - now) }
    end
    local revision = tonumber(held[1])
    if revision and revision > tonumber(baseRevision) then
      return { 'stale', redis.call('HGET', key, 'record') }
    end
    return nil
  end
`;

const publishLua = (command: PublishCommand) => `
  local function publish(channel, event, record)
    redis.call('${command}', channel, '{"kind":"change","event":' .. event .. ',"record":' .. record .. '}')
  end
`;

/** `SPUBLISH` on a cluster with sharded pub/sub. */
export type PublishCommand = 'PUBLISH' | 'SPUBLISH';

/** What the scripts publish of a change. */
export function changeMessage(event: string, record: string): string {
  return `{"kind":"change","event":${event},"record":${record}}`;
}

/** KEYS: state. ARGV: baseRevision, revision, record, event, channel, ttlMs. */
const commit = (command: PublishCommand) =>
  script(`
  ${NOW_LUA}${REFUSAL_LUA}${publishLua(command)}
  local refused = refusal(KEYS[1], ARGV[1], nil)
  if refused then return refused end
  -- Redis may refuse each step and undoes none. A write that changes nothing comes first (it is refused by a Redis that
  -- is full, or a replica), then PUBLISH (refused to a user without the channel), and the state last.
  redis.call('HSET', KEYS[1], 'closingUntil', '0')
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  publish(ARGV[5], ARGV[4], ARGV[3])
  redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'record', ARGV[3])
  redis.call('HDEL', KEYS[1], 'closingUntil', 'closingBy')
  return { 'committed' }
`);

/** KEYS: state. ARGV: baseRevision, mark, ttlMs. */
export const CLOSE = script(`
  ${NOW_LUA}${REFUSAL_LUA}
  local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
  if refused then return refused end
  redis.call('HSET', KEYS[1], 'closingUntil', integer(now + tonumber(ARGV[3])), 'closingBy', ARGV[2])
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
  return { 'committed' }
`);

/** KEYS: state. ARGV: mark. */
export const REOPEN = script(`
  if redis.call('HGET', KEYS[1], 'closingBy') == ARGV[1] then
    redis.call('HDEL', KEYS[1], 'closingUntil', 'closingBy')
  end
  return { 'committed' }
`);

/** KEYS: state. ARGV: revision, record, event, channel, ttlMs. */
const publishStored = (command: PublishCommand) =>
  script(`
  ${publishLua(command)}
  local held = redis.call('HMGET', KEYS[1], 'revision', 'closingBy')
  local revision = tonumber(held[1])
  if not revision or revision < tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'record', ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
  end
  local closing = held[2] and tonumber(string.match(held[2], '^%d+'))
  if closing and closing <= tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], 'closingUntil', 'closingBy')
  end
  publish(ARGV[4], ARGV[3], ARGV[2])
  return { 'committed' }
`);

/** The scripts that publish, by the command by which they do. */
export const COMMIT = Object.freeze({ PUBLISH: commit('PUBLISH'), SPUBLISH: commit('SPUBLISH') });
export const PUBLISH_STORED = Object.freeze({
  PUBLISH: publishStored('PUBLISH'),
  SPUBLISH: publishStored('SPUBLISH'),
});

/** Who closes a project's key, and at which revision; begins with the revision, as `PUBLISH_STORED` expects. */
export function closingMark(revision: number, busId: string): string {
  return `${revision}:${busId}`;
}
