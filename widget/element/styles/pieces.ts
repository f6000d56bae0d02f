/** How the smaller pieces look: signs, badge, buttons, and the one-line layout. */
import { css } from 'lit';

export const pieces = css`
  .sign {
    inline-size: 1em;
    block-size: 1em;
    flex: none;
    fill: none;
    stroke: none;
    color: var(--_muted);
  }

  .sign .solid {
    fill: currentColor;
  }

  .sign .line,
  .sign .cut {
    fill: none;
    stroke: currentColor;
    stroke-width: 1.6;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  .sign .cut {
    stroke: var(--_cut);
  }

  .sign .alert {
    fill: currentColor;
    stroke: var(--_cut);
    stroke-width: 1.2;
  }

  .sign .dashed {
    stroke-dasharray: 1.8 2.9;
  }

  .sign.running {
    color: var(--_accent);
  }

  .phase .sign.done {
    color: var(--_accent);
  }

  .base[data-state='completed'] .sign.done,
  .base[data-state='partial'] .sign.done,
  .outcome .sign.done,
  .outcome .sign.partial {
    color: var(--_success);
  }

  .sign.failed,
  .sign .alert,
  .metric.bad dd {
    color: var(--_danger);
  }

  .badge {
    flex: 0 1 auto;
    display: grid;
    justify-items: end;
    max-inline-size: 50%;
    text-wrap: balance;
    text-align: end;
    font-size: 0.93em;
    line-height: 1.4;
  }

  .badge-line {
    display: inline-flex;
    align-items: center;
    gap: calc(1.5 * var(--_space));
    font-weight: 500;
  }

  .badge-detail {
    font-size: 0.93em;
  }

  .badge button {
    margin-block-start: var(--_space);
  }

  .dot {
    flex: none;
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--_muted);
  }

  .good .dot {
    background: var(--_accent);
  }

  .degraded .dot {
    background: var(--_warning);
  }

  .bad .dot {
    background: none;
    box-shadow: inset 0 0 0 2px var(--_warning);
  }

  @container (inline-size < 30em) {
    .full .badge {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 0 calc(2 * var(--_space));
      max-inline-size: none;
      text-align: start;
    }
  }

  button {
    min-block-size: 28px;
    min-inline-size: 28px;
    padding: 3px 12px;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    background: transparent;
    color: inherit;
    font: inherit;
    font-size: 0.93em;
    font-weight: 500;
    line-height: 20px;
    cursor: pointer;
  }

  button:hover {
    border-color: currentColor;
  }

  button:focus-visible {
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

  code {
    font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
    font-size: 0.93em;
  }

  .compact {
    display: flex;
    align-items: center;
    gap: calc(2 * var(--_space));
    min-block-size: 24px;
    line-height: 20px;
    white-space: nowrap;
  }

  .compact .track {
    --_column-min: 2px;
    flex: 1 1 64px;
    min-inline-size: 48px;
    column-gap: 2px;
    block-size: 6px;
  }

  .compact-percent {
    min-inline-size: 2.6em;
    text-align: end;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }

  .compact-words {
    overflow: hidden;
    text-overflow: ellipsis;
    color: var(--_muted);
    font-size: 0.93em;
    font-variant-numeric: tabular-nums;
  }

  .compact .badge {
    flex: none;
    display: inline-flex;
    align-items: center;
    gap: calc(1.5 * var(--_space));
    max-inline-size: none;
  }

  .compact button {
    flex: none;
    min-block-size: 24px;
    padding: 1px 8px;
  }

  @container (inline-size < 30em) {
    .compact-badge {
      position: absolute;
      inline-size: 1px;
      block-size: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
  }

  @container (inline-size < 20em) {
    .compact:has(button) .compact-words {
      display: none;
    }
  }

  @media (forced-colors: active) {
    .dot,
    .sign {
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

    .sign {
      color: CanvasText;
    }
  }
`;
