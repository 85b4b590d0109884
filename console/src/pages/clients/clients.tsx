import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useLocation, useSearch } from 'wouter';
import { Lint } from './lint';
import { Reports } from './reports';
import { Verdicts } from './verdicts';

/** Who connects, and what becomes of them. ?tab=reports and ?tab=lint are links of their own. */
export default function Clients() {
  const asked = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const tab = asked.get('tab') ?? 'verdicts';
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description="What a change of the CA does to each client, with the evidence; what hosts tell of themselves; what a connection string really verifies.">
        Clients
      </Header>
      <Tabs
        activeTabId={tab}
        onChange={e => navigate(`/clients?tab=${e.detail.activeTabId}`)}
        tabs={[
          { id: 'verdicts', label: 'Verdicts', content: <Verdicts /> },
          { id: 'reports', label: 'Host reports', content: <Reports /> },
          { id: 'lint', label: 'Lint a connection string', content: <Lint /> },
        ]}
      />
    </SpaceBetween>
  );
}
