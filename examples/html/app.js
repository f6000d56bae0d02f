/** A page with a script tag: says where the server is, shows one project, and notes how its ingestion ended. */

const element = document.createElement('ingestion-progress');
const place = /** @type {HTMLElement} */ (document.getElementById('place'));
const toggle = /** @type {HTMLButtonElement} */ (document.getElementById('toggle'));
const word = /** @type {HTMLOutputElement} */ (document.getElementById('word'));

element.addEventListener('ingestion-complete', ({ detail }) => {
  word.value = `${detail.result.outcome}, ${detail.result.itemsProcessed ?? 'some'} items`;
});
element.addEventListener('ingestion-error', ({ detail }) => {
  word.value = detail.error.message;
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
