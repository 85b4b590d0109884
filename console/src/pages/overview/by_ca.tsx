import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import type { Overview } from '../../api/types';
import { drawing } from '../../parts/colours';
import { Link } from '../../parts/link';
import './by_ca.css';

/** How many databases each CA vouches for. */
export function ByCA({ data }: { data: Overview }) {
  const most = Math.max(1, ...data.by_ca.map(c => c.databases));
  return (
    <Container fitHeight header={<Header variant="h2" actions={<Link to="/cas">Certificate authorities</Link>}>Databases per CA</Header>}>
      {data.by_ca.length === 0 && <Box color="text-body-secondary">No database has a certificate yet.</Box>}
      <ul className="by-ca" style={drawing}>
        {data.by_ca.map(c => (
          <li key={c.ca}>
            <Link to={`/databases?ca=${encodeURIComponent(c.ca)}`}>{c.ca}</Link>
            <span className="number">{c.databases}</span>
            <span className="bar" aria-hidden="true">
              <span style={{ inlineSize: `${(100 * c.databases) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </Container>
  );
}
