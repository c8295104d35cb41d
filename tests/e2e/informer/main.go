// Follows the runs of a namespace with a client-go informer, as controllers do, and prints what its handlers see: one
// JSON object a line.
//
// Usage: informer KUBECONFIG NAMESPACE. KUBE_FEATURE_WatchListClient=false makes it list before it watches.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

var runs = schema.GroupVersionResource{
	Group: "results.scrape-operator.dev", Version: "v1alpha1", Resource: "scraperuns",
}

type printer struct {
	lock sync.Mutex
	out  *json.Encoder
}

func (p *printer) print(kind string, object any, before any) {
	seen := map[string]string{"event": kind}
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	if run, ok := object.(*unstructured.Unstructured); ok {
		phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
		seen["name"], seen["version"], seen["phase"] = run.GetName(), run.GetResourceVersion(), phase
		if text, found, _ := unstructured.NestedString(run.Object, "spec", "scheduledFor"); found {
			seen["due"] = microTime(text)
		}
	}
	if run, ok := before.(*unstructured.Unstructured); ok {
		seen["before"] = run.GetResourceVersion()
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	_ = p.out.Encode(seen)
}

// microTime returns a time as client-go writes it, once it has read it as a MicroTime: it must have six digits below the second.
func microTime(text string) string {
	var at metav1.MicroTime
	if err := at.UnmarshalJSON([]byte(`"` + text + `"`)); err != nil {
		return err.Error()
	}
	return at.UTC().Format(metav1.RFC3339Micro)
}

func follow(kubeconfig, namespace string, stop <-chan struct{}) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	to := &printer{out: json.NewEncoder(os.Stdout)}
	informer := dynamicinformer.NewFilteredDynamicInformer(client, runs, namespace, 0, cache.Indexers{}, nil).Informer()
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { to.print("add", object, nil) },
		UpdateFunc: func(before, object any) { to.print("update", object, before) },
		DeleteFunc: func(object any) { to.print("delete", object, nil) },
	})
	if err != nil {
		return err
	}
	go func() {
		if cache.WaitForCacheSync(stop, informer.HasSynced) {
			to.print("synced", nil, nil)
		}
	}()
	informer.Run(stop)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: informer KUBECONFIG NAMESPACE")
		os.Exit(2)
	}
	stop := make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() { <-signals; close(stop) }()
	if err := follow(os.Args[1], os.Args[2], stop); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
