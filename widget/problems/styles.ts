/** Styles of `<ingestion-problems>`; the custom properties are those of `<ingestion-progress>`. */
import { css } from 'lit';

export const styles = css`
  :host {
    display: block;
    color: var(--_text);
    font-family: var(--ingestion-font, inherit);
    font-size: var(--ingestion-font-size, inherit);
    line-height: 1.4;
    text-align: start;
  }

  :host([hidden]) {
    display: none;
  }

  h2 {
    margin: 0;
    font-size: 1.125em;
  }

  .summary,
  .status,
  .count,
  .detail {
    color: var(--_muted);
  }

  .summary,
  .status {
    margin: 0;
  }

  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: end;
    gap: calc(2 * var(--_space));
    margin-block: calc(3 * var(--_space));
  }

  label {
    display: grid;
    gap: var(--_space);
    font-size: 0.875em;
    color: var(--_muted);
  }

  .search {
    flex: 1 1 14em;
  }

  input,
  select,
  button {
    box-sizing: border-box;
    min-block-size: 2.25rem;
    min-inline-size: 0;
    max-inline-size: 100%;
    padding: var(--_space) calc(2.5 * var(--_space));
    font: inherit;
    color: var(--_text);
    background: transparent;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
  }

  input,
  select {
    font-size: 1rem;
  }

  option {
    color: CanvasText;
    background: Canvas;
  }

  button {
    cursor: pointer;
  }

  button[aria-disabled='true'] {
    color: var(--_muted);
    cursor: default;
  }

  :is(input, select, button, summary, a):focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }

  .groups {
    margin-block: calc(2 * var(--_space));
    border-block-end: 1px solid var(--_line);
  }

  details {
    border-block-start: 1px solid var(--_line);
  }

  summary {
    min-block-size: 1.5rem;
    padding-block: calc(2 * var(--_space));
    cursor: pointer;
    overflow-wrap: anywhere;
  }

  .code {
    font-family: ui-monospace, monospace;
    font-weight: 600;
  }

  .sign {
    font-weight: 600;
  }

  .ERROR {
    color: var(--_danger);
  }

  .WARNING {
    color: var(--_warning);
  }

  ul {
    margin: 0;
    padding: 0 0 calc(2 * var(--_space));
    padding-inline-start: calc(4 * var(--_space));
    list-style: none;
  }

  li {
    padding-block: var(--_space);
    content-visibility: auto;
    contain-intrinsic-size: auto 3em;
  }

  .item {
    overflow-wrap: anywhere;
    font-family: ui-monospace, monospace;
    font-size: 0.9375em;
    white-space: pre-wrap;
  }

  a {
    color: var(--_accent);
  }

  .message {
    margin: 0;
    overflow-wrap: anywhere;
    white-space: pre-line;
  }

  .detail {
    display: inline-block;
  }

  .failure {
    color: var(--_danger);
  }
`;
