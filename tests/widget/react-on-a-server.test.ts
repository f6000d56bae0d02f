import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { IngestionProvider, useIngestionSocket } from '../../widget/react/index.js';

function Project(): string {
  const { connectionState, state, progress } = useIngestionSocket('p1');
  return [connectionState, String(state), JSON.stringify(progress)].join(' ');
}

it('renders on a server: nothing known, nothing opened, nothing thrown', () => {
  const endpoint = 'https://api.example/graphql';
  const html = renderToString(createElement(IngestionProvider, { endpoint }, createElement(Project)));
  expect(html.replaceAll('&quot;', '"')).toBe('idle null {"1":null,"2":null,"3":null,"4":null}');
  expect(renderToString(createElement(Project))).toContain('idle');
});
