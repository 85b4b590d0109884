import Alert from '@cloudscape-design/components/alert';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useLive } from '../../api/live';
import { get } from '../../api/native';
import type { Overview } from '../../api/types';
import { Problem } from '../../parts/problem';
import { ByCA } from './by_ca';
import { Expiries } from './expiries';
import { Forcing } from './forcing';
import { Freeze, Frozen } from './freeze';
import { NextRotations } from './next';
import { Numbers } from './numbers';
import { Plain } from './plain';
import { Stuck } from './stuck';

/** The fleet's trust on one screen: what needs somebody first, then what comes. */
export default function Page() {
  const { data, error, reload } = useLive(() => get<Overview>('overview'), []);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description="Every region of this server" actions={data && <Freeze frozen={data.frozen !== undefined} onDone={reload} />}>
          Overview
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Problem error={error} what="The overview could not be read" onRetry={reload} />
        {!data && !error && <Spinner size="large" />}
        {data && <Body data={data} reload={reload} />}
      </SpaceBetween>
    </ContentLayout>
  );
}

function Body({ data, reload }: { data: Overview; reload: () => void }) {
  return (
    <SpaceBetween size="l">
      {data.frozen !== undefined && <Frozen reason={data.frozen} />}
      {data.clock && (
        <Alert type="warning" header="The clock of this server is not trusted: nothing is issued or rotated">
          {data.clock} When it is right now, say so on the server: dbtls clock accept
        </Alert>
      )}
      {data.forcing.length > 0 && <Forcing rows={data.forcing} onDone={reload} />}
      <Numbers data={data} />
      {data.stuck.length > 0 && <Stuck rows={data.stuck} />}
      <Expiries data={data} />
      <ColumnLayout columns={2}>
        <ByCA data={data} />
        <NextRotations rows={data.next} frozen={data.frozen !== undefined} />
      </ColumnLayout>
      <Plain data={data} />
    </SpaceBetween>
  );
}
