import Box from '@cloudscape-design/components/box';
import { Link } from './link';

/** Where no page is, and where a thing of that name is not. */
export function NotFound({ what }: { what?: string }) {
  return (
    <Box textAlign="center" padding="xxl">
      <Box variant="h1">Not here</Box>
      <Box padding={{ bottom: 's' }}>{what ?? 'There is no such page.'}</Box>
      <Link to="/">Overview</Link>
    </Box>
  );
}
