import '@ingestion-progress/widget/define';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, type Config } from './app.js';

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no #root.');
const config = (await (await fetch('config.json')).json()) as Config;
createRoot(root).render(
  <StrictMode>
    <App config={config} />
  </StrictMode>,
);
