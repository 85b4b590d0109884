import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useApp } from '../../app/context';
import { Command } from '../../parts/command';
import type { Instance } from './instance';
import './databases.css';

/** What clients put into their trust stores. */
export function Bundles({ instance: i }: { instance: Instance }) {
  const { region } = useApp();
  const files = [
    { path: `/${region}/${region}-bundle.pem`, says: `every CA of ${region}: the one to take` },
    { path: `/${region}/${region}-bundle.p7b`, says: 'the same for Windows' },
    { path: '/global/global-bundle.pem', says: 'every CA of every region' },
    { path: '/global/global-bundle.p7b', says: 'the same for Windows' },
    ...(i.ca ? [{ path: `/${region}/${i.ca}.pem`, says: 'the CA of this database alone; its clients break when it changes its CA' }] : []),
  ];
  return (
    <Container header={<Header variant="h2" description="For the trust stores of clients. They hold no secret.">Certificate bundles</Header>}>
      <SpaceBetween size="m">
        <ul className="verdicts">
          {files.map(f => (
            <li key={f.path}>
              <Button variant="inline-link" iconName="download" href={f.path} download={f.path.split('/').pop()}>
                {f.path.split('/').pop()}
              </Button>{' '}
              {f.says}
            </li>
          ))}
        </ul>
        <Command text={`dbtls truststore fetch --region ${region} --format pem --out ${region}-bundle.pem`} />
      </SpaceBetween>
    </Container>
  );
}
