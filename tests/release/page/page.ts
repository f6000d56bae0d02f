// Code as a page's author writes it, checked against the types in the package.
import '@ingestion-progress/widget/define';
import { createIngestionClient } from '@ingestion-progress/widget/client';
import type { Snapshot } from '@ingestion-progress/widget/client';

const element = document.querySelector('ingestion-progress');
if (element !== null) element.getToken = async () => (await fetch('/token')).text();
const client = createIngestionClient({ projectId: 'p1', endpoint: '/graphql', getToken: () => 'token' });
const snapshot: Snapshot = client.getSnapshot();
console.log(snapshot.progress?.progressPercent);
