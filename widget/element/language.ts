/** The language around an element: the nearest `lang` up the tree, across shadow roots, watched for changes. */

/** The nearest element up the tree that a selector fits, across shadow roots, from `element` on. */
export function closestAcross(element: Element, selector: string): Element | null {
  for (let at: Element | null = element; at !== null;) {
    const found: Element | null = at.closest(selector);
    if (found !== null) return found;
    const root: Node = at.getRootNode();
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return null;
}

/** The nearest `lang`; English where there is none at all. */
export function languageAround(element: Element): string {
  return closestAcross(element, '[lang]:not([lang=""])')?.getAttribute('lang') ?? 'en';
}

const listeners = new Set<() => void>();
let observer: MutationObserver | null = null;

/** Tells everyone who listens that other words may be right now. */
export function tellWordsChange(): void {
  for (const listener of listeners) listener();
}

/**
 * Calls back after a `lang` changed in the document or in the element's own shadow tree, or a language arrived later than
 * the element. One observer serves all elements.
 */
export function onWordsChange(element: Element, listener: () => void): () => void {
  listeners.add(listener);
  observer ??= new MutationObserver(tellWordsChange);
  for (const root of [document, element.getRootNode()]) {
    observer.observe(root, { attributeFilter: ['lang'], subtree: true });
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    observer?.disconnect();
    observer = null;
  };
}
