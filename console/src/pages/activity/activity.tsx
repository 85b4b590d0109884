import Header from '@cloudscape-design/components/header';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Tabs from '@cloudscape-design/components/tabs';
import { useSearchParams } from 'wouter';
import { AuditLog } from './audit_log';
import { RegionEvents } from './region_events';

/** Who did what, and what happened. */
export default function Page() {
  const [query, setQuery] = useSearchParams();
  const tab = query.get('tab') ?? 'audit';
  return (
    <ContentLayout header={<Header variant="h1" description="Who did what, and what dbtls did by itself">Activity</Header>}>
      <Tabs
        activeTabId={tab}
        onChange={e => setQuery({ tab: e.detail.activeTabId })}
        tabs={[
          { id: 'audit', label: 'Audit log', content: tab === 'audit' && <AuditLog /> },
          { id: 'events', label: 'Events of the region', content: tab === 'events' && <RegionEvents /> },
        ]}
      />
    </ContentLayout>
  );
}
