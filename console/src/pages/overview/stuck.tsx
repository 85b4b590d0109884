import Alert from '@cloudscape-design/components/alert';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { Overview } from '../../api/types';
import { DatabaseLink } from '../../parts/database_link';
import { When } from '../../parts/when';
import { wayOut } from '../../parts/words';

/** Rotations that need somebody, each with why and what to do. */
export function Stuck({ rows }: { rows: Overview['stuck'] }) {
  return (
    <SpaceBetween size="s">
      {rows.map(s => (
        <Alert
          key={`${s.region} ${s.instance}`}
          type="error"
          header={`STUCK: the certificate of ${s.instance} could not be changed (${s.reason})`}
          action={<DatabaseLink name={s.instance} region={s.region} tab="rotation">Open its rotation</DatabaseLink>}
        >
          <div>{s.detail}</div>
          <div>
            <strong>Way out:</strong> {wayOut(s.reason)}
          </div>
          <div>
            Since <When at={s.since} />
          </div>
        </Alert>
      ))}
    </SpaceBetween>
  );
}
