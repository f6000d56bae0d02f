/** The types of the elements in React's JSX, as they are shipped: what is right compiles, what is wrong does not. */
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

// @ts-expect-error a transport that there is not
export const wrongTransport = <ingestion-progress project-id="p1" transport="carrier-pigeon" />;

// @ts-expect-error a custom property that is none of the element's
export const wrongStyle = <ingestion-progress project-id="p1" style={{ '--accent': 'red' }} />;

// @ts-expect-error an attribute that there is not
export const wrongAttribute = <ingestion-progress project="p1" />;
