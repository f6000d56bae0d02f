/** The context that an `<ingestion-provider>` provides to the elements below it. */
import { createContext } from '@lit/context';
import type { GetToken, TransportChoice } from '../client/index.js';
import type { PartialMessages } from './translator.js';

/** Shared settings; an element's own settings take precedence. */
export interface ProviderValue {
  readonly endpoint: string | undefined;
  readonly wsEndpoint: string | undefined;
  readonly token: string | undefined;
  readonly getToken: GetToken | undefined;
  readonly tokenUrl: string | undefined;
  readonly transport: TransportChoice | undefined;
  readonly messages: PartialMessages | null;
}

/** A registered symbol, so that two copies of this package on a page still find each other. */
export const providerContext = createContext<ProviderValue>(Symbol.for('ingestion-progress.provider'));
