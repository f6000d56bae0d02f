/**
 * The demo's page: gives the element its token, searches the collection, starts another ingestion. Everything from the
 * server is inserted as text.
 */

const element = document.querySelector('ingestion-progress');
const byId = (id) => document.getElementById(id);
const [folder, again, ingestStatus, query, found, results, terms, facts, failures] = [
  ...['folder', 'again', 'ingest-status', 'query', 'found', 'results', 'terms', 'facts', 'failures'],
].map(byId);
const numbers = new Intl.NumberFormat('en');
const languageNames = new Intl.DisplayNames('en', { type: 'language' });

let session = null;

/** A token for this page; requested again if it expires soon or if `force`. */
async function openSession(force = false) {
  if (session === null || force || session.expiresAt < performance.now() + 60_000) {
    const response = await fetch('/demo/session', { method: 'POST' });
    if (!response.ok) throw new Error(`No token: ${response.status}`);
    const body = await response.json();
    session = { ...body, expiresAt: performance.now() + body.expiresInMs };
  }
  return session;
}

async function request(path, init = {}) {
  for (const force of [false, true]) {
    const { token } = await openSession(force);
    const response = await fetch(path, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${token}` },
    });
    // A restarted demo has another secret: retry once with a new token.
    if (response.status === 401 && !force) continue;
    const body = await response.json();
    if (!response.ok) throw new Error(body.error?.message ?? `The server answered ${response.status}.`);
    return body;
  }
}

/* What was ingested */

async function showCollection() {
  const { source, folders, facts: known } = await request('/demo/collection');
  element.label = source;
  byId('folders').replaceChildren(...folders.map((name) => new Option(name)));
  facts.hidden = known === null;
  query.disabled = known === null;
  if (known === null) {
    found.textContent = 'You can search when the first ingestion has completed.';
    return;
  }
  found.textContent = '';
  const { languages, terms: words, failures: failed, ...counts } = known;
  for (const fact of facts.querySelectorAll('[data-fact]')) {
    const count = counts[fact.dataset.fact];
    fact.textContent = count === undefined ? namesOf(languages) : numbers.format(count);
  }
  showFailures(failed);
  if (query.value.trim() === '') showTerms(words);
  else await search();
}

function namesOf(languages) {
  const names = languages.slice(0, 3).map(({ language }) => languageNames.of(language) ?? language);
  const more = languages.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '') || 'none detected';
}

function showFailures(failed) {
  failures.hidden = failed.length === 0;
  failures.querySelector('summary').textContent = 'Unreadable files';
  failures
    .querySelector('ul')
    .replaceChildren(...failed.map(({ path, reason }) => make('li', `${path}: ${reason}`)));
}

function showTerms(words) {
  terms.replaceChildren(
    ...words.map(({ term }) => {
      const button = make('button', term);
      button.type = 'button';
      button.addEventListener('click', () => {
        query.value = term;
        query.focus();
        void search();
      });
      const item = document.createElement('li');
      item.append(button);
      return item;
    }),
  );
}

/* Search */

let searches = 0;

async function search() {
  const current = ++searches;
  const words = query.value.trim();
  if (words === '') {
    results.replaceChildren();
    found.textContent = '';
    await showCollection();
    return;
  }
  try {
    const { total, hits } = await request(`/demo/search?q=${encodeURIComponent(words)}`);
    if (current !== searches) return;
    terms.replaceChildren();
    found.textContent = total === 1 ? '1 passage' : `${numbers.format(total)} passages`;
    results.replaceChildren(...hits.map(resultOf));
  } catch (error) {
    if (current === searches) found.textContent = error.message;
  }
}

function resultOf({ path, title, heading, language, text, words }) {
  const item = document.createElement('li');
  const passage = make('p', '', 'passage');
  passage.lang = language ?? '';
  passage.append(...highlighted(text, words));
  const name = heading !== null && heading !== title ? `${title} › ${heading}` : title;
  item.append(make('h2', name), make('p', path, 'path'), passage);
  return item;
}

/** Starts shortly before the first match, and marks all matches. */
function highlighted(text, words) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (escaped.length === 0) return [text];
  const pattern = new RegExp(`(${escaped.sort((a, b) => b.length - a.length).join('|')})`, 'giu');
  const first = text.search(pattern);
  const begin = first > 160 ? text.lastIndexOf(' ', first - 80) + 1 : 0;
  const shown = begin > 0 ? `… ${text.slice(begin)}` : text;
  return shown.split(pattern).map((part, index) => (index % 2 === 1 ? make('mark', part) : part));
}

function make(name, text, className = '') {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

let typing;
query.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => void search(), 150);
});
byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  clearTimeout(typing);
  void search();
});

/* Another ingestion */

byId('ingest').addEventListener('submit', (event) => {
  event.preventDefault();
  ingestStatus.textContent = '';
  again.disabled = true;
  const body = JSON.stringify({ folder: folder.value.trim() });
  request('/demo/ingest', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    .catch((error) => (ingestStatus.textContent = error.message))
    .finally(() => (again.disabled = isRunning));
});

let isRunning = false;

// The first state fires no job event; it arrives with the connection.
for (const name of ['connection-change', 'phase-started', 'progress', 'error', 'cancelled', 'complete']) {
  element.addEventListener(`ingestion-${name}`, ({ detail }) => {
    isRunning = (detail.progress ?? element.progress)?.status === 'RUNNING';
    again.disabled = isRunning;
  });
}
element.addEventListener('ingestion-complete', () => void showCollection());
element.addEventListener('ingestion-phase-started', ({ detail }) => {
  ingestStatus.textContent = '';
  if (detail.phase === 1) void showCollection();
});

element.getToken = async ({ force }) => (await openSession(force)).token;
await showCollection();
