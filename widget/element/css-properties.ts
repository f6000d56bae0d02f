/** Sets custom properties through the CSSOM, since a strict Content-Security-Policy forbids `style` attributes. */
import { noChange, type ElementPart } from 'lit';
import { Directive, directive, PartType, type PartInfo } from 'lit/directive.js';

class CssPropertiesDirective extends Directive {
  readonly #last = new Map<string, string>();

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT)
      throw new Error('cssProperties belongs on an element: <p ${cssProperties(…)}>');
  }

  render(_properties: Readonly<Record<`--${string}`, string>>): typeof noChange {
    return noChange;
  }

  override update(
    part: ElementPart,
    [properties]: [Readonly<Record<`--${string}`, string>>],
  ): typeof noChange {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(properties)) {
      if (this.#last.get(name) === value) continue;
      this.#last.set(name, value);
      style.setProperty(name, value);
    }
    return noChange;
  }
}

/** `<span ${cssProperties({ '--_fill': '42%' })}>` */
export const cssProperties = directive(CssPropertiesDirective);
