import Box from '@cloudscape-design/components/box';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useLocation, useParams } from 'wouter';
import { useApp } from '../../app/context';
import { useLive } from '../../api/live';
import { NotFound } from '../../parts/not_found';
import { Problem } from '../../parts/problem';
import { DatabaseStatus } from '../../parts/status';
import { Actions } from './actions';
import { Configuration } from './configuration';
import { Connectivity } from './connectivity';
import { Events } from './events';
import { loadInstance, type Instance } from './instance';
import { RotationTab } from './rotation';
import { SessionsTab } from './sessions';

/** One database: how it is reached and trusted, and who comes. */
export default function Page() {
  const { name = '', tab = 'connectivity' } = useParams();
  const { region } = useApp();
  const [, navigate] = useLocation();
  const { data, error, reload } = useLive(() => loadInstance(name), [name, region]);
  if (error?.status === 404) return <NotFound what={`There is no database ${name} in ${region}.`} />;
  return (
    <ContentLayout
      breadcrumbs={
        <BreadcrumbGroup
          items={[
            { text: 'Databases', href: '/databases' },
            { text: name, href: '' },
          ]}
          onFollow={e => (e.preventDefault(), e.detail.href && navigate(e.detail.href))}
        />
      }
      header={
        <Header
          variant="h1"
          actions={data && <Actions instance={data} onDone={reload} />}
          description={data && `${data.engine} ${data.version}, ${data.class}${data.cluster ? `, in the cluster ${data.cluster}` : ''}`}
          info={data && <DatabaseStatus status={data.status} />}
        >
          {name}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Problem error={error} what="The database could not be read" onRetry={reload} />
        {!data && !error && <Spinner size="large" />}
        {data && <Pending instance={data} />}
        {data && (
          <Tabs
            activeTabId={tab}
            onChange={e => navigate(`/databases/${encodeURIComponent(name)}/${e.detail.activeTabId}`)}
            tabs={[
              { id: 'connectivity', label: 'Connectivity & security', content: <Connectivity instance={data} onDone={reload} /> },
              { id: 'rotation', label: 'Rotation', content: <RotationTab instance={data} /> },
              { id: 'sessions', label: 'Sessions', content: <SessionsTab instance={data} /> },
              { id: 'configuration', label: 'Configuration', content: <Configuration instance={data} onDone={reload} /> },
              { id: 'events', label: 'Events', content: <Events instance={data} /> },
            ].map(t => ({ ...t, content: t.id === tab ? t.content : null }))}
          />
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}

/** What has been asked for and waits for the maintenance window or a reboot. */
function Pending({ instance: i }: { instance: Instance }) {
  const waits = [
    i.pendingCA && i.status !== 'modifying' && `the CA ${i.pendingCA}, for the maintenance window ${i.window}`,
    i.pendingName && i.status !== 'renaming' && `the name ${i.pendingName}, for the maintenance window ${i.window}`,
    i.pendingPassword && 'a new master password',
    i.groupStatus === 'pending-reboot' && 'parameters, for a reboot',
  ].filter(Boolean);
  if (waits.length === 0) return null;
  return (
    <Box color="text-status-info" data-testid="pending">
      Waiting: {waits.join('; ')}.
    </Box>
  );
}
