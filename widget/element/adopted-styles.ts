/** Styles of an element that moved into another document, such as an iframe: constructed sheets don't move with it. */
import type { LitElement } from 'lit';

/** Gives the element its styles in the document that it is in now. */
export function adoptStyles(element: LitElement): void {
  const { defaultView } = element.ownerDocument;
  const { elementStyles } = element.constructor as typeof LitElement;
  if (defaultView === null || element.shadowRoot === null) return;
  element.shadowRoot.adoptedStyleSheets = elementStyles.map((style) => {
    const sheet = new defaultView.CSSStyleSheet();
    if ('cssText' in style) sheet.replaceSync(style.cssText);
    return sheet;
  });
}
