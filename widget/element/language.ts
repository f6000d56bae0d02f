/** The language around an element: the nearest `lang` up the tree, across shadow roots, watched for changes. */

/** The nearest `lang`; the document's where none is nearer, English where there is none at all. */
export function languageAround(element: Element): string {
  let at: Element | null = element;
  while (at !== null) {
    const found: Element | null = at.closest('[lang]');
    const tag = found?.getAttribute('lang') ?? '';
    if (tag !== '') return tag;
    const root: Node = (found ?? at).getRootNode();
    at = found?.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
  }
  return 'en';
}

const listeners = new Set<() => void>();
let observer: MutationObserver | null = null;

/** Calls back after a `lang` changed anywhere in the document; one observer serves all elements. */
export function onLanguageChange(listener: () => void): () => void {
  listeners.add(listener);
  if (observer === null) {
    observer = new MutationObserver(() => {
      for (const each of listeners) each();
    });
    observer.observe(document, { attributes: true, attributeFilter: ['lang'], subtree: true });
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    observer?.disconnect();
    observer = null;
  };
}
