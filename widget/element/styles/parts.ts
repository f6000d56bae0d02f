/** Styles of icons, badge and buttons, and of the compact layout. */
import { css } from 'lit';

export const parts = css`
  .icon {
    display: block;
    inline-size: 1em;
    block-size: 1em;
    flex: none;
    overflow: visible;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.6;
    stroke-linecap: round;
    stroke-linejoin: round;
    color: var(--_muted);
  }

  .icon:is(.completed, .partial, .failed) {
    fill: currentColor;
  }

  .icon:is(.completed, .partial, .failed) path {
    fill: none;
    stroke: var(--_cut);
  }

  .icon.running path {
    stroke-width: 6;
  }

  .icon.skipped circle {
    stroke-dasharray: 1.8 2.9;
  }

  .icon:not(.partial) .alert {
    display: none;
  }

  .icon .alert {
    fill: var(--_danger);
    stroke: var(--_cut);
    stroke-width: 1.2;
  }

  .icon:is(.running, .completed, .partial) {
    color: var(--_accent);
  }

  .icon.failed,
  .bad dd {
    color: var(--_danger);
  }

  .badge {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: end;
    gap: var(--_space) calc(4 * var(--_space));
    max-inline-size: 60%;
    text-align: end;
  }

  .badge-line {
    display: inline-flex;
    align-items: center;
    gap: calc(1.5 * var(--_space));
    font-weight: 500;
    white-space: nowrap;
  }

  .badge-detail {
    display: block;
    font-size: 0.93em;
  }

  .dot {
    flex: none;
    inline-size: max(8px, 0.55em); /* whole pixels at common sizes, or it is drawn as an oval */
    aspect-ratio: 1;
    border-radius: 50%;
    background: var(--_muted);
  }

  .good .dot {
    background: var(--_accent);
  }

  .degraded .dot {
    background: var(--_warning);
  }

  .badge.bad .dot {
    background: none;
    box-shadow: inset 0 0 0 2px var(--_warning);
  }

  button {
    min-block-size: 28px;
    min-inline-size: 28px;
    padding: 3px 12px;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    background: transparent;
    color: inherit;
    font-family: inherit;
    font-weight: 500;
    line-height: inherit;
    cursor: pointer;
  }

  button:hover {
    border-color: currentColor;
  }

  :is(a, button, summary):focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }

  button.primary {
    border-color: var(--_accent);
    background: var(--_accent);
    color: var(--_cut);
  }

  button:is(:disabled, [aria-disabled='true']) {
    border-color: var(--_line);
    background: transparent;
    color: var(--_muted);
    cursor: default;
  }

  a {
    color: inherit;
    text-underline-offset: 2px;
  }

  a::after {
    content: ' ↗' / '';
  }

  code {
    font-family: ui-monospace, monospace;
  }

  summary {
    display: flex;
    align-items: start; /* else a clamped text shows the top of its next line */
    min-block-size: 24px;
    cursor: pointer;
  }

  summary::after {
    content: '▾' / '';
  }

  .long:not([open]) span {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
  }

  /* a name that does not fit into its line of the list */
  .many .phase .long:not([open]) span {
    -webkit-line-clamp: 1;
    word-break: break-all;
  }

  .more {
    flex-basis: 100%;
  }

  .compact {
    --_column-min: 2px; /* here, since the columns are worked out from it here */
    display: flex;
    align-items: center;
    gap: calc(2 * var(--_space));
    min-block-size: 24px;
    white-space: nowrap;
  }

  .compact .track {
    flex: 1 1e9 40cqi; /* in a table the same in every row, while there is room for the words */
    min-inline-size: max(15cqi, 50px); /* twelve phases */
    column-gap: 2px;
    block-size: 6px;
  }

  /* words begin at one place in every row */
  .compact :is(.percent, .track + [part='sign']) {
    display: grid;
    min-inline-size: 2.6em;
    justify-content: end;
  }

  .compact-words {
    flex: 1e9 1e5 auto;
  }

  .compact-words,
  .compact button {
    overflow: hidden;
    text-overflow: ellipsis;
  }

  .compact .badge {
    flex: none;
    flex-wrap: nowrap;
    column-gap: calc(2 * var(--_space));
    max-inline-size: none;
  }

  .compact button {
    min-block-size: 24px;
    padding: 1px 8px;
  }

  /* what a person can press goes before words that are cut short, and the connection before the job */
  @container (inline-size < 40em) {
    .compact:has(.badge button):has(> button) .compact-words {
      display: none;
    }
  }

  @container (inline-size < 20em) {
    .compact:has(button) .compact-words,
    .compact:has(.badge button) > button {
      display: none;
    }
  }

  @media (forced-colors: active) {
    .dot,
    .icon,
    .fill,
    .unknown {
      forced-color-adjust: none;
    }

    .dot {
      border: 1px solid CanvasText;
    }

    button.primary {
      border-color: ButtonText;
      background: ButtonFace;
      color: ButtonText;
    }
  }
`;
