/** Layout of the element: sizes from its own width (container queries), directions from logical properties. */
import { css } from 'lit';

export const layout = css`
  :host {
    display: block;
    min-inline-size: 200px;
    container-type: inline-size;
    color: var(--_text);
    font-family: var(--ingestion-font, inherit);
    font-size: var(--ingestion-font-size, inherit);
    text-align: start;
  }

  /* as an item of a flex row, a table cell, a dialog, it has no content to be as wide as */
  :host(:not([compact])) {
    contain-intrinsic-inline-size: 20rem;
  }

  :host([hidden]) {
    display: none;
  }

  /* a page's line height may be in pixels, which twice the text size would not fit */
  .base {
    position: relative; /* what is only spoken stays inside, and asks for no layers of the whole page */
    line-height: 1.43;
    font-variant-numeric: tabular-nums;
    print-color-adjust: exact; /* else a printed bar is blank */
    overflow-wrap: anywhere;
  }

  .base.default-font {
    font-size: var(--ingestion-font-size, 14px);
    font-family: var(--ingestion-font, system-ui, sans-serif);
  }

  /* each sentence in the direction of its own language, which need not be that of the page */
  .base * {
    text-align: -webkit-match-parent;
    text-align: match-parent;
    unicode-bidi: plaintext;
  }

  p,
  dl,
  dd,
  ol {
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .full {
    --_column-min: min(8em, 23cqi);
    display: grid;
    gap: calc(4 * var(--_space));
  }

  .heading,
  .detail,
  .badge-detail,
  .phase:not(.running, .failed) .phase-name,
  .phase-detail,
  .compact-words,
  dt {
    color: var(--_muted);
  }

  .heading,
  .failure-message,
  dd {
    font-weight: 500;
  }

  .headline,
  .percent,
  .phase:is(.running, .failed) .phase-name {
    color: inherit;
    font-weight: 600;
  }

  .detail,
  .badge-words,
  .phase,
  .compact-words,
  button,
  code {
    font-size: 0.93em;
  }

  .header-row,
  .header,
  .footer,
  .metrics,
  .actions,
  .failure-footer {
    display: flex;
    flex-wrap: wrap;
    gap: calc(2 * var(--_space)) calc(6 * var(--_space));
  }

  .header-row,
  .header {
    flex-wrap: nowrap;
    align-items: start;
  }

  .header {
    flex: auto;
    min-inline-size: 0;
    column-gap: calc(4 * var(--_space));
  }

  .full .percent {
    flex: none;
    align-self: center;
    min-inline-size: calc(2ch + 1.1em); /* two digits and a sign, in any font */
    font-size: 2.5em;
    line-height: 1;
    letter-spacing: -0.02em;
  }

  .header .icon {
    font-size: 2.25em;
  }

  .headline {
    font-size: 1.07em;
  }

  .headline:focus {
    outline: none;
  }

  .timeline,
  .failure {
    display: grid;
    gap: calc(2 * var(--_space));
  }

  .track,
  .phases {
    display: grid;
    grid-template-columns: var(--_columns);
    column-gap: 3px;
  }

  .phase {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    column-gap: calc(1.5 * var(--_space));
    align-content: start;
    padding-inline-end: calc(2 * var(--_space));
    hyphens: auto;
  }

  /* more phases than can stand below their segments: a list that reads down, in as many columns as there is room for */
  .many {
    --_column-min: 8px;
  }

  .many .phases {
    display: block;
    columns: 15em;
    column-gap: calc(6 * var(--_space));
  }

  .many .phase {
    grid-template-columns: auto minmax(0, 1fr) auto;
    padding-block-end: var(--_space);
    padding-inline-end: 0;
    break-inside: avoid;
  }

  .many .phase-detail {
    grid-column: 3;
  }

  .phase-icon {
    display: flex;
    block-size: 1.43em;
    align-items: center;
  }

  .phase-detail {
    grid-column: 2;
  }

  .skeleton {
    align-self: center;
    inline-size: 5em;
    block-size: 0.6em;
    border-radius: 3px;
    background: var(--_track);
  }

  .footer {
    align-items: end;
    row-gap: calc(3 * var(--_space));
  }

  .metrics {
    flex: auto;
  }

  dt {
    font-size: 0.86em;
  }

  .actions {
    margin-inline-start: auto;
  }

  .actions:not(:has(button, .filled)),
  .footer:not(:has(dl, button, .filled)) {
    display: none;
  }

  .failure {
    padding-inline-start: calc(3 * var(--_space));
    border-inline-start: 3px solid var(--_danger);
  }

  .failure-footer {
    align-items: center;
    column-gap: calc(4 * var(--_space));
  }

  .links {
    display: flex;
    flex-basis: 100%;
    flex-wrap: wrap;
    gap: var(--_space) calc(6 * var(--_space));
  }

  .links a {
    min-block-size: 24px;
  }

  .problems {
    display: grid;
    gap: calc(3 * var(--_space));
    justify-items: start;
  }

  .problems > :not(button) {
    justify-self: stretch;
  }

  .visually-hidden,
  .announcer,
  .compact .badge-word {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  /* the badge's words would leave the sentence too little: a line of its own */
  @container (inline-size < 40em) {
    .header-row {
      flex-wrap: wrap;
    }

    .header:has(+ :is(.bad, .degraded)) {
      min-block-size: 0;
    }

    .full .badge:has(.badge-detail, button) {
      flex: 1 0 100%;
      justify-content: space-between;
      max-inline-size: none;
      text-align: start;
    }
  }

  @container (inline-size >= 30em) {
    /* as high as its two lines, and as counts, so that nothing jumps when they come */
    .header {
      min-block-size: 2.86em;
    }

    .footer {
      min-block-size: 2.66em;
    }

    .compact .badge-word {
      all: unset;
    }
  }

  /* narrow: the phases become a list */
  @container (inline-size < 30em) {
    .full {
      --_column-min: 8px;
      gap: calc(3 * var(--_space));
    }

    .full .good {
      display: none; /* it would push everything down for its three seconds */
    }

    .header {
      flex-basis: 100%;
      column-gap: calc(3 * var(--_space));
    }

    .phases {
      grid-template-columns: none;
      gap: var(--_space);
    }

    .phase {
      grid-template-columns: auto minmax(0, 1fr) auto;
      padding-inline-end: 0;
    }

    .phase-detail {
      grid-column: 3;
    }

    .metrics {
      flex-basis: 100%;
      display: grid;
      gap: var(--_space);
    }

    .metric {
      display: flex;
      flex-wrap: wrap;
      column-gap: calc(4 * var(--_space));
    }

    dt {
      font-size: 0.93em;
    }

    dd {
      margin-inline-start: auto;
    }
  }

  @media print {
    button,
    .badge {
      display: none;
    }
  }

  @container (inline-size < 20em) {
    .header {
      flex-direction: column;
      gap: var(--_space);
    }

    .full .percent {
      align-self: start;
    }
  }
`;
