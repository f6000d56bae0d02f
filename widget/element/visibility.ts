/** Marks elements that are far outside the viewport, so that nothing animates in them. One observer serves all elements. */

let observer: IntersectionObserver | undefined;

/** Marks an element while it is off screen. Returns a function that stops observing. */
export function observeVisibility(element: Element): () => void {
  // jsdom and the like have none
  if ('IntersectionObserver' in globalThis)
    observer ??= new IntersectionObserver(markVisibility, { rootMargin: '50%' });
  observer?.observe(element);
  return () => observer?.unobserve(element);
}

function markVisibility(entries: readonly IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    target.shadowRoot?.querySelector('.base')?.toggleAttribute('data-offscreen', !isIntersecting);
  }
}
