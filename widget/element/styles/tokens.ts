/**
 * Custom properties that a page may set, with their defaults for light, dark and forced colours. The other styles use the
 * private names on the left.
 */
import { css } from 'lit';

export const tokens = css`
  :host {
    --_accent: var(--ingestion-accent, #3a5bd0);
    --_success: var(--ingestion-success, #23803b);
    --_danger: var(--ingestion-danger, #c62f2f);
    --_warning: var(--ingestion-warning, #b35c00);
    --_text: var(--ingestion-text, currentColor);
    --_muted: var(--ingestion-muted, color-mix(in srgb, currentColor 72%, transparent));
    --_line: var(--ingestion-line, color-mix(in srgb, currentColor 26%, transparent));
    --_track: var(--ingestion-track, #e3e7ee);
    --_radius: var(--ingestion-radius, 6px);
    --_space: var(--ingestion-space, 4px);
    --_track-height: var(--ingestion-track-height, 10px);
    --_cut: #fff;
  }

  @supports (color: light-dark(#000, #fff)) {
    :host {
      --_accent: var(--ingestion-accent, light-dark(#3a5bd0, #8ea6ff));
      --_success: var(--ingestion-success, light-dark(#23803b, #58c271));
      --_danger: var(--ingestion-danger, light-dark(#c62f2f, #ff8f8a));
      --_warning: var(--ingestion-warning, light-dark(#b35c00, #f2b35e));
      --_track: var(--ingestion-track, light-dark(#e3e7ee, #363c49));
      --_cut: light-dark(#fff, #14171d);
    }
  }

  /* what is done is green once all of it is */
  .base:is([data-state='completed'], [data-state='partial']) {
    --_accent: var(--_success);
  }

  @media (forced-colors: active) {
    :host {
      --_accent: Highlight;
      --_success: CanvasText;
      --_danger: CanvasText;
      --_warning: CanvasText;
      --_text: CanvasText;
      --_muted: CanvasText;
      --_line: CanvasText;
      --_track: Canvas;
      --_cut: Canvas;
    }
  }
`;
