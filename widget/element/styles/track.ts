/** Styles of the track: segments, fills and animations. */
import { css } from 'lit';

export const track = css`
  .track {
    block-size: var(--_track-height);
  }

  .segment {
    position: relative;
    overflow: hidden;
    background: var(--_track);
    border-radius: 2px;
  }

  .segment:first-child {
    border-start-start-radius: var(--_radius);
    border-end-start-radius: var(--_radius);
  }

  .segment:last-child {
    border-start-end-radius: var(--_radius);
    border-end-end-radius: var(--_radius);
  }

  .fill {
    position: absolute;
    inset: 0;
    overflow: hidden; /* no sheen over what is not done */
    background: var(--_accent);
    translate: calc(var(--_fill, 0%) - 100%) 0;
  }

  .fill:dir(rtl) {
    translate: calc(100% - var(--_fill, 0%)) 0;
  }

  /* without it a hairline of the fill shows at some widths */
  .segment.empty .fill {
    opacity: 0;
  }

  :is([data-state='cancelled'], [data-state='paused'], [data-state='stalled']) .fill {
    background: color-mix(in srgb, var(--_accent) 80%, var(--_track));
  }

  .segment.skipped .fill {
    background: repeating-linear-gradient(135deg, var(--_line) 0 2px, transparent 2px 7px);
  }

  /* stripes of the segment's own, so that its fill begins at nothing once a percent comes */
  .segment.unknown {
    background: repeating-linear-gradient(
      135deg,
      var(--_accent) 0 6px,
      color-mix(in srgb, var(--_accent) 40%, var(--_track)) 6px 12px
    );
    /* most phases tell a percent within their first second: until then nothing flashes */
    animation: untold 1s step-end;
  }

  .segment.failed {
    --_accent: var(--_danger);
    animation: none;
  }

  @keyframes untold {
    from {
      background: var(--_track);
    }
  }

  /* a job that has not begun is drawn in outline */
  :is([data-state='waiting'], [data-state='unknown'], [data-state='none']) .segment {
    background: transparent;
    box-shadow: inset 0 0 0 1.5px var(--_line);
  }

  @media (prefers-reduced-motion: no-preference) {
    .base:not([data-offscreen]) .fill {
      transition: translate 200ms ease-out;
    }

    /* a soft sheen says that work goes on; it never shows more than was reported */
    [data-state='running']:not([data-offscreen]) :is(.running > .fill, .unknown)::after {
      content: '';
      position: absolute;
      inset: 0;
      background: linear-gradient(90deg, transparent, var(--_cut), transparent);
      opacity: 0.3;
      translate: -100% 0;
      animation: sheen 2.4s ease-in-out infinite var(--_sheen, normal);
    }

    .segment:dir(rtl) {
      --_sheen: reverse;
    }

    @keyframes sheen {
      60%,
      100% {
        translate: 100% 0;
      }
    }
  }

  @media print {
    .segment.unknown {
      background: var(--_track);
    }

    .segment::after,
    .fill::after {
      display: none;
    }
  }

  @media (forced-colors: active) {
    .segment {
      border: 1px solid CanvasText;
    }
  }
`;
