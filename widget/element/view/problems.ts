/** The button that tells how many items have problems, and below it the list of them, if the page has that element. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ViewModel } from './view-model.js';

/** The button and the open list; nothing if there are no problems. */
export function problems(model: ViewModel): TemplateResult | typeof nothing {
  const { job, translate, format, problemList } = model;
  const { errors = 0, warnings = 0 } = job.progress?.problems ?? {};
  const said = [
    errors > 0 && translate('problemErrors', { count: errors, number: format.number(errors) }),
    warnings > 0 && translate('problemWarnings', { count: warnings, number: format.number(warnings) }),
  ].filter((words) => words !== false);
  if (said.length === 0) return nothing;
  return html`<div class="problems">
    <button
      type="button"
      part="button problems-button"
      aria-expanded=${problemList === null ? nothing : problemList.isOpen}
      @click=${model.onProblems}
    >
      ${format.list(said)}
    </button>
    ${
      problemList?.isOpen === true
        ? html`<ingestion-problems
            part="problems"
            project-id=${job.progress?.projectId ?? nothing}
            ingestion-id=${job.progress?.id ?? nothing}
            .client=${problemList.client}
            .endpoint=${problemList.endpoint}
            .token=${problemList.token}
            .getToken=${problemList.getToken}
          ></ingestion-problems>`
        : nothing
    }
  </div>`;
}
