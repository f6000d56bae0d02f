/** The shipped JSX types of the elements: correct use compiles, wrong use does not. */
import type {} from '@ingestion-progress/widget/jsx';

export const right = (
  <ingestion-provider endpoint="/graphql" getToken={() => 'token'}>
    <ingestion-progress
      project-id="p1"
      stalled-after={30}
      compact
      style={{ '--ingestion-accent': 'rebeccapurple', marginTop: 8 }}
      oningestion-complete={(event) => {
        event.detail.result.outcome satisfies 'SUCCESS' | 'PARTIAL';
      }}
    />
  </ingestion-provider>
);

// @ts-expect-error an unknown transport
export const wrongTransport = <ingestion-progress project-id="p1" transport="carrier-pigeon" />;

// @ts-expect-error a custom property that the element doesn't have
export const wrongStyle = <ingestion-progress project-id="p1" style={{ '--accent': 'red' }} />;

// @ts-expect-error an unknown attribute
export const wrongAttribute = <ingestion-progress project="p1" />;
