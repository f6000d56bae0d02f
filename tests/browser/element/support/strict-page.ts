/** The script of a page with a strict policy: shows a running ingestion and records policy violations. */
import '@ingestion-progress/widget/define';
import { SAMPLES } from '../../../../storybook/samples.js';
import { createStaticClient } from '../../../../storybook/static-client.js';

const violations: string[] = [];
document.addEventListener('securitypolicyviolation', (event) => {
  violations.push(`${event.violatedDirective} ${event.sample}`);
});
const element = document.createElement('ingestion-progress');
element.client = createStaticClient({ progress: SAMPLES.running });
document.body.append(element);
do await element.updateComplete;
while (element.isUpdatePending);

// violations are reported in order: once the page's own has arrived, so have all of the element's
await new Promise((resolve) => {
  document.addEventListener('securitypolicyviolation', resolve, { once: true });
  document.body.setAttribute('style', 'color: red');
});
const { dataset } = document.documentElement;
const found = (part: string) => [
  ...(element.shadowRoot?.querySelectorAll<HTMLElement>(`[part~="${part}"]`) ?? []),
];
dataset['fill'] = found('fill')[1]?.style.getPropertyValue('--_fill');
dataset['track'] = String(found('track')[0]?.getBoundingClientRect().height);
dataset['violations'] = violations.join('; ');
dataset['ready'] = 'yes';
