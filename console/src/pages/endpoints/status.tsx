import Box from '@cloudscape-design/components/box';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ConnectionTest } from '../../api/types';
import { When } from '../../parts/when';

/** How the last connection test ended, in a line. */
export function TestStatus({ test }: { test: ConnectionTest | undefined }) {
  if (!test) return <StatusIndicator type="pending">not tested</StatusIndicator>;
  const code = test.outcome.code;
  const type = test.status === 'testing' ? 'in-progress' : test.status === 'successful' ? 'success' : 'error';
  return (
    <>
      <StatusIndicator type={type}>
        {test.status}
        {code ? `: ${code}` : ''}
      </StatusIndicator>
      <Box variant="small" display="block" color="text-body-secondary">
        <When at={test.ended_at ?? test.begun_at} show="relative" />
        {test.stale && ', of earlier settings'}
      </Box>
    </>
  );
}
