import java.io.FileInputStream;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.*;
import java.util.*;
import javax.net.ssl.*;
import sun.security.util.HostnameChecker;

/**
 * Judges chains as a JDBC driver does: JSSE's PKIX trust manager, then the
 * host name. Each line of the file given as argument is "case TAB chain.pem TAB
 * trusted.pem TAB host"; each answer is "case TAB ok" or "case TAB reason".
 */
public class Pkix {
    public static void main(String[] args) throws Exception {
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            String[] f = line.split("\t");
            System.out.println(f[0] + "\t" + judge(f[1], f[2], f[3]));
        }
    }

    static String judge(String chainFile, String trustedFile, String host) {
        try {
            X509Certificate[] chain = read(chainFile).toArray(new X509Certificate[0]);
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (X509Certificate c : read(trustedFile)) {
                store.setCertificateEntry("root" + store.size(), c);
            }
            TrustManagerFactory f = TrustManagerFactory.getInstance("PKIX");
            f.init(store);
            // An "EC" server key is checked under the suite's key exchange.
            String auth = chain[0].getPublicKey().getAlgorithm().equals("RSA") ? "ECDHE_RSA" : "ECDHE_ECDSA";
            ((X509TrustManager) f.getTrustManagers()[0]).checkServerTrusted(chain, auth);
            HostnameChecker.getInstance(HostnameChecker.TYPE_TLS).match(host, chain[0]);
            return "ok";
        } catch (Exception e) {
            return e.toString().replace('\n', ' ').replace('\t', ' ');
        }
    }

    @SuppressWarnings("unchecked")
    static List<X509Certificate> read(String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            return new ArrayList<>((Collection<X509Certificate>) CertificateFactory.getInstance("X.509").generateCertificates(in));
        }
    }
}
