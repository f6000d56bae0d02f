/**
 * The scripts that Redis runs in one step, on one hash a project: compare-and-set (`revision`, `record`) and the closing
 * mark of an ending that is being stored (`closingUntil`, `closingBy`). Time is Redis's own, so that the servers' clocks
 * do not matter. (invariant: compare-and-set) (invariant: store-first-ending)
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
const NOW = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function whole(number) return string.format('%.0f', number) end
`;

/** Why a change may not go in: an ending under way that is not \`mark\`'s, or a state newer than \`foldedFrom\`. */
const REFUSE = `
  local function refusal(key, foldedFrom, mark)
    local held = redis.call('HMGET', key, 'revision', 'closingUntil', 'closingBy')
    local closingUntil = tonumber(held[2])
    if closingUntil and closingUntil > now and held[3] ~= mark then
      return { 'closing', whole(closingUntil - now) }
    end
    local revision = tonumber(held[1])
    if revision and revision > tonumber(foldedFrom) then
      return { 'stale', redis.call('HGET', key, 'record') }
    end
    return nil
  end
`;

const TELL = `
  local function tell(channel, event, record)
    redis.call('PUBLISH', channel, '{"kind":"change","event":' .. event .. ',"record":' .. record .. '}')
  end
`;

/** KEYS: state. ARGV: foldedFrom, revision, record, event, channel, ttlMs. */
export const COMMIT = script(`
  ${NOW}${REFUSE}${TELL}
  local refused = refusal(KEYS[1], ARGV[1], nil)
  if refused then return refused end
  redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'record', ARGV[3])
  redis.call('HDEL', KEYS[1], 'closingUntil', 'closingBy')
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  tell(ARGV[5], ARGV[4], ARGV[3])
  return { 'committed' }
`);

/** KEYS: state. ARGV: foldedFrom, mark, ttlMs. */
export const CLOSE = script(`
  ${NOW}${REFUSE}
  local refused = refusal(KEYS[1], ARGV[1], ARGV[2])
  if refused then return refused end
  redis.call('HSET', KEYS[1], 'closingUntil', whole(now + tonumber(ARGV[3])), 'closingBy', ARGV[2])
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
export const PUBLISH_STORED = script(`
  ${TELL}
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
  tell(ARGV[4], ARGV[3], ARGV[2])
  return { 'committed' }
`);

/** Who closes a project's key, and at which revision; begins with the revision, as `PUBLISH_STORED` expects. */
export function closingMark(revision: number, busId: string): string {
  return `${revision}:${busId}`;
}
