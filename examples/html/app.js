/** A page with a script tag: sets the server's address, shows one project, and displays the outcome of its ingestion. */

const element = document.createElement('ingestion-progress');
const place = /** @type {HTMLElement} */ (document.getElementById('place'));
const toggle = /** @type {HTMLButtonElement} */ (document.getElementById('toggle'));
const outcome = /** @type {HTMLOutputElement} */ (document.getElementById('outcome'));

element.addEventListener('ingestion-complete', ({ detail }) => {
  outcome.value = `${detail.result.outcome}, ${detail.result.itemsProcessed ?? 'some'} items`;
});
element.addEventListener('ingestion-error', ({ detail }) => {
  outcome.value = detail.error.message;
});

toggle.addEventListener('click', () => {
  if (element.isConnected) element.remove();
  else place.append(element);
  toggle.textContent = element.isConnected ? 'Hide' : 'Show';
});

/** @type {{ endpoint: string, projectId: string }} */
const config = await (await fetch('config.json')).json();
Object.assign(element, config, { label: 'Library' });
element.getToken = async () => (await fetch('token', { method: 'POST' })).text();
place.append(element);
