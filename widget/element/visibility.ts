/** Which elements are in sight, or nearly: the others are drawn as well, but nothing moves in them. One observer serves all. */

let observer: IntersectionObserver | undefined;

/** Marks the inside of an element while it is out of sight. Returns what ends it. */
export function watchSight(element: Element): () => void {
  // test runners that only play a browser have none
  if ('IntersectionObserver' in globalThis)
    observer ??= new IntersectionObserver(mark, { rootMargin: '50%' });
  observer?.observe(element);
  return () => observer?.unobserve(element);
}

function mark(entries: readonly IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    target.shadowRoot?.querySelector('.base')?.toggleAttribute('data-unseen', !isIntersecting);
  }
}
