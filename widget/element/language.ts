/** The language of an element: the nearest `lang` up the tree, across shadow roots, observed for changes. */

/** Like `Element.closest`, but across shadow roots. */
export function closestAcross(element: Element, selector: string): Element | null {
  for (let at: Element | null = element; at !== null;) {
    const found: Element | null = at.closest(selector);
    if (found !== null) return found;
    const root: Node = at.getRootNode();
    at = 'host' in root ? (root as ShadowRoot).host : null; // of any document
  }
  return null;
}

/** The nearest `lang`; English if there is none. */
export function languageOf(element: Element): string {
  const tag = closestAcross(element, '[lang]:not([lang=""])')?.getAttribute('lang') ?? 'en';
  return tag.replaceAll('_', '-'); // de_DE, as some servers write it
}

const listeners = new Set<() => void>();
let observer: MutationObserver | null = null;

/** Notifies all listeners that the language, or its messages, may have changed. */
export function notifyLanguageChange(): void {
  for (const listener of listeners) listener();
}

/**
 * Calls back after a `lang` changed in the document or in the element's own shadow tree, or messages were registered after the
 * element was connected. One observer serves all elements.
 */
export function onLanguageChange(element: Element, listener: () => void): () => void {
  listeners.add(listener);
  observer ??= new MutationObserver(notifyLanguageChange);
  for (const root of [element.ownerDocument, element.getRootNode()]) {
    observer.observe(root, { attributeFilter: ['lang'], subtree: true });
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    observer?.disconnect();
    observer = null;
  };
}
