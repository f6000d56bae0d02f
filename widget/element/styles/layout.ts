/** How the element is laid out: sizes by its own width (container queries), directions by logical properties alone. */
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

  :host([hidden]) {
    display: none;
  }

  .base.plain {
    font: var(--ingestion-font-size, 14px) / 20px var(--ingestion-font, system-ui, sans-serif);
  }

  .base {
    overflow-wrap: anywhere;
  }

  p,
  dl,
  dd,
  ol {
    margin: 0;
    padding: 0;
  }

  .full {
    --_column-min: min(7em, 22cqi);
    display: grid;
    gap: calc(4 * var(--_space));
  }

  .heading {
    color: var(--_muted);
    font-weight: 500;
  }

  .head {
    display: flex;
    align-items: flex-start;
    justify-content: space-between;
    gap: calc(2 * var(--_space)) calc(6 * var(--_space));
  }

  .lead {
    display: flex;
    flex: 1 1 auto;
    min-inline-size: 0;
    align-items: center;
    gap: calc(4 * var(--_space));
    min-block-size: 2.9em;
  }

  .base[data-state='unknown'] .lead {
    align-items: flex-start;
  }

  .summary {
    min-inline-size: 0;
  }

  .percent {
    flex: none;
    min-inline-size: 2.1em;
    font-size: 2.5em;
    font-weight: 600;
    line-height: 1;
    letter-spacing: -0.02em;
    font-variant-numeric: tabular-nums;
  }

  .outcome {
    flex: none;
    display: inline-flex;
  }

  .lead .outcome {
    font-size: 2.25em;
  }

  .headline {
    font-size: 1.07em;
    font-weight: 600;
    line-height: 1.4;
  }

  .headline:focus {
    outline: none;
  }

  .detail,
  .badge-detail {
    color: var(--_muted);
    font-size: 0.93em;
    line-height: 1.4;
    font-variant-numeric: tabular-nums;
  }

  .picture {
    display: grid;
    gap: calc(2 * var(--_space));
  }

  .phases {
    display: grid;
    grid-template-columns: var(--_columns);
    column-gap: 3px;
    list-style: none;
  }

  .phase {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    column-gap: calc(1.5 * var(--_space));
    align-content: start;
    padding-inline-end: calc(2 * var(--_space));
    font-size: 0.93em;
    line-height: 1.45;
  }

  .phase-name,
  .phase-detail {
    color: var(--_muted);
  }

  .phase-sign {
    grid-row: 1;
    display: inline-flex;
    block-size: 1.45em;
    align-items: center;
  }

  .phase.running .phase-name,
  .phase.failed .phase-name {
    color: inherit;
    font-weight: 600;
  }

  .phase-detail {
    grid-column: 2;
    font-variant-numeric: tabular-nums;
  }

  .ghost {
    align-self: center;
    inline-size: 5em;
    max-inline-size: 80%;
    block-size: 0.6em;
    border-radius: 3px;
    background: var(--_track);
  }

  .foot {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: calc(3 * var(--_space)) calc(6 * var(--_space));
  }

  .metrics {
    flex: 1 1 auto;
    display: flex;
    flex-wrap: wrap;
    gap: calc(2 * var(--_space)) calc(6 * var(--_space));
  }

  .metric dt {
    color: var(--_muted);
    font-size: 0.86em;
    line-height: 1.4;
  }

  .metric dd {
    font-weight: 500;
    line-height: 1.4;
    font-variant-numeric: tabular-nums;
  }

  .actions {
    display: flex;
    margin-inline-start: auto;
    flex-wrap: wrap;
    gap: calc(2 * var(--_space));
  }

  .actions:not(:has(button, .filled)),
  .foot:not(:has(dl, button, .filled)) {
    display: none;
  }

  .failure {
    display: grid;
    gap: calc(2 * var(--_space));
    padding-inline-start: calc(3 * var(--_space));
    border-inline-start: 3px solid var(--_danger);
  }

  .failure-message {
    font-weight: 500;
  }

  .failure-foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: calc(2 * var(--_space)) calc(4 * var(--_space));
  }

  .spoken,
  .announcer {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  /* narrow: the phases become a list, the badge a line of its own */
  @container (inline-size < 30em) {
    .full {
      --_column-min: 8px;
      gap: calc(3 * var(--_space));
    }

    .head {
      flex-wrap: wrap;
    }

    .lead {
      flex-basis: 100%;
      gap: calc(3 * var(--_space));
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
      justify-content: space-between;
      gap: calc(4 * var(--_space));
    }

    .metric dt {
      font-size: 0.93em;
    }
  }

  @container (inline-size < 20em) {
    .lead {
      flex-direction: column;
      align-items: flex-start;
      gap: var(--_space);
    }
  }
`;
