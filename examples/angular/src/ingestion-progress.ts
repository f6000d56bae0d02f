import { Directive, ElementRef, effect, inject, input, output } from '@angular/core';
import type {
  CommandDetail,
  ConnectionChangeDetail,
  GetToken,
  IngestionProgressElement,
  IngestionProgressEventMap,
  TransportChoice,
} from '@ingestion-progress/widget';

type Detail<Name extends keyof IngestionProgressEventMap> = IngestionProgressEventMap[Name]['detail'];

/**
 * `<ingestion-progress>` with types: Angular's compiler does not check unknown elements. Copy this file into your app and
 * add it to the `imports` of a component.
 */
@Directive({
  selector: 'ingestion-progress',
  host: {
    '(ingestion-phase-started)': 'phaseStarted.emit($event.detail)',
    '(ingestion-progress)': 'progressed.emit($event.detail)',
    '(ingestion-complete)': 'completed.emit($event.detail)',
    '(ingestion-error)': 'failed.emit($event.detail)',
    '(ingestion-cancelled)': 'cancelled.emit($event.detail)',
    '(ingestion-connection-change)': 'connectionChange.emit($event.detail)',
    '(ingestion-retry)': 'retryRequested.emit($event)',
    '(ingestion-cancel)': 'cancelRequested.emit($event)',
  },
})
export class IngestionProgress {
  readonly projectId = input.required<string>();
  readonly endpoint = input<string>();
  readonly ingestionId = input<string>();
  readonly token = input<string>();
  readonly getToken = input<GetToken>();
  readonly transport = input<TransportChoice>('auto');
  readonly once = input(false);
  readonly stalledAfter = input(45);
  readonly label = input('');
  readonly compact = input(false);

  readonly phaseStarted = output<Detail<'ingestion-phase-started'>>();
  readonly progressed = output<Detail<'ingestion-progress'>>();
  readonly completed = output<Detail<'ingestion-complete'>>();
  readonly failed = output<Detail<'ingestion-error'>>();
  readonly cancelled = output<Detail<'ingestion-cancelled'>>();
  readonly connectionChange = output<ConnectionChangeDetail>();
  /** Call `preventDefault()` to stop the mutation. */
  readonly retryRequested = output<CustomEvent<CommandDetail>>();
  readonly cancelRequested = output<CustomEvent<CommandDetail>>();

  constructor() {
    const element = inject<ElementRef<IngestionProgressElement>>(ElementRef).nativeElement;
    effect(() => {
      element.endpoint = this.endpoint();
      element.ingestionId = this.ingestionId();
      element.token = this.token();
      element.getToken = this.getToken();
      element.transport = this.transport();
      element.once = this.once();
      element.stalledAfter = this.stalledAfter();
      element.label = this.label();
      element.compact = this.compact();
      element.projectId = this.projectId();
    });
  }
}
