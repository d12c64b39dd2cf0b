#!/usr/bin/env python3
"""The files of deploy/ that no machine of ours can run: they are well formed, and they fit together.

  test_deploy.py [PROGRAM …]   PROGRAM: built binaries whose libraries the image must hold
"""
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
NATS = ROOT / "deploy/nats"
DOCKER = ROOT / "deploy/docker"
K8S = ROOT / "deploy/k8s"
PROGRAMS = sys.argv[1:]


class Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, which YAML forbids and its readers let pass."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value
                if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"given twice: {twice}",
                                                    node.start_mark)
        return super().construct_mapping(node, deep)


def documents(path):
    return [document for document in yaml.load_all(path.read_text(), Loader) if document]


def manifests():
    return [document for path in sorted(K8S.glob("*.yaml")) for document in documents(path)]


def by_kind(kind):
    return {document["metadata"]["name"]: document for document in manifests()
            if document["kind"] == kind}


def workloads():
    return [*by_kind("StatefulSet").values(), *by_kind("Deployment").values()]


def pod(workload):
    return workload["spec"]["template"]


def containers():
    return [(workload["metadata"]["name"], workload, container) for workload in workloads()
            for container in pod(workload)["spec"]["containers"]]


def fits(selector, labels):
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def wanted_variables(name, seen=None):
    """The environment variables that a configuration and what it includes ask for."""
    text = re.sub(r"#.*", "", (NATS / name).read_text())
    text = re.sub(r'"[^"]*"', lambda match: match[0] if "include" in
                  text[max(0, match.start() - 9):match.start()] else '""', text)
    wanted = set(re.findall(r"\$([A-Z][A-Z0-9_]+)", text))
    for included in re.findall(r'include\s+"([^"]+)"', text):
        wanted |= wanted_variables(included)
    return wanted


class Compose(unittest.TestCase):
    def setUp(self):
        self.file, = documents(DOCKER / "compose.cluster.yaml")
        self.services = self.file["services"]
        self.nodes = {name: service for name, service in self.services.items()
                      if name.startswith("nats-")}

    def test_three_nodes_have_names_and_volumes_of_their_own(self):
        self.assertEqual(len(self.nodes), 3)
        names = {node["environment"]["NATS_NAME"] for node in self.nodes.values()}
        self.assertEqual(names, {"n1", "n2", "n3"})
        data = [volume.split(":")[0] for node in self.nodes.values() for volume in node["volumes"]
                if volume.endswith(":/data")]
        self.assertEqual(sorted(data), sorted(self.file["volumes"]))

    def test_every_variable_of_the_configuration_is_given(self):
        wanted = wanted_variables("three.conf")
        self.assertIn("NATS_ROUTE_3", wanted)
        for name, node in self.nodes.items():
            self.assertLessEqual(wanted, set(node["environment"]), name)

    def test_routes_lead_to_the_nodes(self):
        for node in self.nodes.values():
            routes = {re.sub(r".*@|:\d+$", "", value)
                      for key, value in node["environment"].items()
                      if re.fullmatch(r"NATS_ROUTE_\d", key)}
            self.assertEqual(routes, set(self.nodes))

    def test_passwords_come_from_outside_and_must_be_given(self):
        text = (DOCKER / "compose.cluster.yaml").read_text()
        example = set(re.findall(r"^([A-Z_]+)=$", (DOCKER / "example.env").read_text(), re.M))
        asked = re.findall(r"\$\{([A-Z_]+)([^}]*)\}", text)
        self.assertEqual({name for name, _ in asked}, example)
        self.assertEqual({rest for _, rest in asked}, {":?"})

    def test_daemons_wait_for_the_nodes_and_everything_has_a_healthcheck(self):
        self.assertEqual(set(self.services["batond"]["depends_on"]), set(self.nodes))
        for name, service in self.services.items():
            self.assertIn("healthcheck", service, name)

    def test_daemons_know_the_nodes(self):
        config, = documents(DOCKER / "baton.yaml")
        hosts = {re.search(r"//([^:]+):", url)[1] for url in config["nats"]["servers"]}
        self.assertEqual(hosts, set(self.nodes))
        self.assertEqual(config["queue"]["store"], "jetstream")

    def test_mounted_files_exist(self):
        for name, service in self.services.items():
            for volume in service["volumes"]:
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((DOCKER / source).exists(), f"{name}: {source}")


class Kubernetes(unittest.TestCase):
    def test_every_document_says_what_it_is(self):
        for document in manifests():
            self.assertIn("apiVersion", document)
            self.assertRegex(document["metadata"]["name"], r"^[a-z0-9-]{1,63}$")
            self.assertEqual(document["metadata"]["labels"]["app.kubernetes.io/part-of"], "baton")

    def test_the_configmap_holds_the_shipped_files(self):
        config = by_kind("ConfigMap")["nats-config"]["data"]
        for name, text in config.items():
            self.assertEqual(text.rstrip(), (NATS / name).read_text().rstrip(), name)
        needed = {"three.conf"}
        for name in list(needed) + ["common.conf", "accounts.conf"]:
            text = re.sub(r"#.*", "", (NATS / name).read_text())
            needed |= set(re.findall(r'include\s+"([^"]+)"', text))
        self.assertEqual(set(config), needed)
        printed = subprocess.run([K8S / "make-nats-config.sh"], capture_output=True, text=True)
        self.assertEqual(printed.stdout, (K8S / "nats-config.yaml").read_text())

    def test_selectors_find_the_pods(self):
        for workload in workloads():
            labels = pod(workload)["metadata"]["labels"]
            self.assertTrue(fits(workload["spec"]["selector"]["matchLabels"], labels))
        for kind, selector_of in (("Service", lambda spec: spec["selector"]),
                                  ("PodDisruptionBudget",
                                   lambda spec: spec["selector"]["matchLabels"])):
            for name, document in by_kind(kind).items():
                hits = [workload for workload in workloads()
                        if fits(selector_of(document["spec"]), pod(workload)["metadata"]["labels"])]
                self.assertEqual(len(hits), 1, f"{kind} {name}")

    def test_services_name_ports_of_their_pods(self):
        for name, service in by_kind("Service").items():
            ports = {port["name"] for _, workload, container in containers()
                     if fits(service["spec"]["selector"], pod(workload)["metadata"]["labels"])
                     for port in container["ports"]}
            for port in service["spec"]["ports"]:
                self.assertIn(port["targetPort"], ports, name)

    def test_what_containers_refer_to_is_there(self):
        configs, secrets = by_kind("ConfigMap"), by_kind("Secret")
        for name, workload, container in containers():
            volumes = {volume["name"] for volume in pod(workload)["spec"].get("volumes", [])}
            volumes |= {claim["metadata"]["name"]
                        for claim in workload["spec"].get("volumeClaimTemplates", [])}
            self.assertLessEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)
            for volume in pod(workload)["spec"]["volumes"]:
                if "configMap" in volume:
                    self.assertIn(volume["configMap"]["name"], configs, name)
            for variable in container["env"]:
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference:
                    self.assertIn(reference["key"], secrets[reference["name"]]["stringData"], name)

    def test_containers_are_probed_bounded_and_pinned(self):
        for name, _, container in containers():
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assertIn(container[probe]["httpGet"]["port"], ports, f"{name} {probe}")
            self.assertIn("memory", container["resources"]["limits"], name)
            self.assertFalse(container["securityContext"]["allowPrivilegeEscalation"], name)
            self.assertRegex(container["image"], r":\d+\.\d+\.\d+", name)

    def test_nats_is_a_cluster_of_three_on_disks_of_their_own(self):
        nats = by_kind("StatefulSet")["nats"]
        service = by_kind("Service")[nats["spec"]["serviceName"]]
        self.assertEqual(service["spec"]["clusterIP"], "None")
        self.assertEqual(nats["spec"]["replicas"], 3)
        container, = pod(nats)["spec"]["containers"]
        given = {variable["name"]: variable.get("value") for variable in container["env"]}
        self.assertLessEqual(wanted_variables("three.conf"), set(given))
        for i in range(3):
            self.assertIn(f"@nats-{i}.{nats['spec']['serviceName']}:", given[f"NATS_ROUTE_{i + 1}"])
        # `$(NAME)` is replaced only by what was given before it.
        order = [variable["name"] for variable in container["env"]]
        self.assertLess(order.index("NATS_ROUTE_PASSWORD"), order.index("NATS_ROUTE_1"))
        claim, = nats["spec"]["volumeClaimTemplates"]
        store = int(re.search(r"max_file_store: (\d+)GB", (NATS / "jetstream.conf").read_text())[1])
        size = int(re.fullmatch(r"(\d+)Gi", claim["spec"]["resources"]["requests"]["storage"])[1])
        self.assertGreater(size, store)

    def test_one_node_at_a_time_may_be_taken_away(self):
        for name, budget in by_kind("PodDisruptionBudget").items():
            self.assertEqual(budget["spec"]["maxUnavailable"], 1, name)
        self.assertEqual(set(by_kind("PodDisruptionBudget")),
                         {workload["metadata"]["name"] for workload in workloads()})

    def test_daemons_know_the_nodes(self):
        config = yaml.load(by_kind("ConfigMap")["batond-config"]["data"]["baton.yaml"], Loader)
        nats = by_kind("StatefulSet")["nats"]
        self.assertEqual(
            config["nats"]["servers"],
            [f"nats://nats-{i}.{nats['spec']['serviceName']}:4222" for i in range(3)])
        drain = int(config["server"]["drain_timeout"].removesuffix("s"))
        grace = pod(by_kind("Deployment")["batond"])["spec"]["terminationGracePeriodSeconds"]
        self.assertGreater(grace, drain)


class Safety(unittest.TestCase):
    def test_what_is_shipped_for_images_syncs_before_it_acknowledges(self):
        store = re.sub(r"#.*", "", (NATS / "jetstream.conf").read_text())
        self.assertIn("sync_interval: always", store)
        for text in ((DOCKER / "compose.cluster.yaml").read_text(), (K8S / "nats.yaml").read_text()):
            version = re.search(r"image: nats:(\d+)\.(\d+)", text)
            self.assertGreaterEqual((int(version[1]), int(version[2])), (2, 10))

    def test_no_password_is_written_down(self):
        for path in (ROOT / "deploy").rglob("*"):
            if path.suffix in (".yaml", ".conf", ".env"):
                for line in path.read_text().splitlines():
                    self.assertIsNone(
                        re.search(r"(?i)password:\s*[\"']?[a-z0-9]{4,}", line), f"{path}: {line}")

    @unittest.skipUnless(PROGRAMS, "no program given")
    def test_the_image_holds_the_libraries_of_the_programs(self):
        image = (DOCKER / "Dockerfile").read_text().split("bookworm-slim", 1)[1]
        needed = set()
        for program in PROGRAMS:
            out = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
            needed |= set(re.findall(r"\(NEEDED\).*\[(.*?)\.so", out))
        system = {"libc", "libm", "libgcc_s", "libstdc++", "ld-linux-x86-64"}
        packages = re.findall(r"\blib[a-z0-9.+-]+|zlib1g", image)
        for library in sorted(needed - system):
            stem = {"libz": "zlib1g", "libcrypto": "libssl3"}.get(library, library.split(".")[0])
            stem = stem.lower().replace("_", "-")
            self.assertTrue(any(package.startswith(stem.rstrip("0123456789."))
                                for package in packages), f"{library} ({stem}) is not installed")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
