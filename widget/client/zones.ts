/**
 * Angular's zone.js: a timer or a socket in its zone keeps the application from ever being stable, and each of their events
 * runs a change detection. So they run in the root zone, and listeners in the zone in which they were added. Without zone.js
 * nothing happens.
 */

interface Zone {
  run<T>(task: () => T): T;
}
const zones = (): { readonly root: Zone; readonly current: Zone } | undefined =>
  (globalThis as { Zone?: { readonly root: Zone; readonly current: Zone } }).Zone;

/**
 * Runs a task in the root zone.
 *
 * @internal
 */
export function outsideZones<T>(task: () => T): T {
  const root = zones()?.root;
  return root ? root.run(task) : task();
}

/** A listener that runs in the zone of this moment. */
export function inThisZone<E>(listener: (event: E) => void): (event: E) => void {
  const zone = zones()?.current;
  return zone ? (event) => zone.run(() => listener(event)) : listener;
}
