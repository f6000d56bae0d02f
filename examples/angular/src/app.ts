import { Component, signal } from '@angular/core';
import type { IngestionProgressEventMap } from '@ingestion-progress/widget';
import { IngestionProgress } from './ingestion-progress';

interface Config {
  readonly endpoint: string;
  readonly projectId: string;
}

/** An Angular app: sets the server's address, shows one project, and displays the outcome of its ingestion. */
@Component({
  selector: 'app-root',
  imports: [IngestionProgress],
  template: `
    <h1>Imports</h1>
    <button type="button" (click)="isShown.set(!isShown())">{{ isShown() ? 'Hide' : 'Show' }}</button>
    @if (isShown() && config(); as known) {
      <ingestion-progress
        label="Library"
        [endpoint]="known.endpoint"
        [projectId]="known.projectId"
        [getToken]="getToken"
        (completed)="onComplete($event)"
        (failed)="outcome.set($event.error.message)"
      />
    }
    <p>
      Result: <output>{{ outcome() }}</output>
    </p>
  `,
})
export class App {
  protected readonly config = signal<Config | null>(null);
  protected readonly isShown = signal(true);
  protected readonly outcome = signal('none yet');
  protected readonly getToken = async (): Promise<string> =>
    (await fetch('token', { method: 'POST' })).text();

  constructor() {
    void fetch('config.json')
      .then((response) => response.json() as Promise<Config>)
      .then((read) => this.config.set(read));
  }

  protected onComplete({ result }: IngestionProgressEventMap['ingestion-complete']['detail']): void {
    this.outcome.set(`${result.outcome}, ${result.itemsProcessed ?? 'some'} items`);
  }
}
