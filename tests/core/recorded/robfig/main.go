// Command robfig records when github.com/robfig/cron/v3 finds cron expressions due. The CronJob
// controller parses with the same library in the same way: "TZ=<zone> <expression>".
//
// It reads expressions.txt and zones.txt, one entry a line, and writes a JSON document to standard output.
// An answer is the list of steps in minutes from one due time to the next, beginning with `from`, in
// runs: "1440x365" are 365 steps of a day.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

type answer struct {
	Expression string `json:"expression"`
	Zone       string `json:"zone"`
	Steps      string `json:"steps"`
}

type recording struct {
	Library string    `json:"library"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Answers []answer  `json:"answers"`
}

func main() {
	record := recording{
		Library: "github.com/robfig/cron/v3 v3.0.1",
		From:    time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
		Until:   time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, expression := range lines("expressions.txt") {
		for _, zone := range lines("zones.txt") {
			schedule, err := cron.ParseStandard("TZ=" + zone + " " + expression)
			if err != nil {
				log.Fatalf("%s in %s: %v", expression, zone, err)
			}
			record.Answers = append(record.Answers, answer{expression, zone, steps(schedule, record.From, record.Until)})
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(record); err != nil {
		log.Fatal(err)
	}
}

// steps lists the due times t with from < t <= until.
func steps(schedule cron.Schedule, from, until time.Time) string {
	var runs []string
	var step, count int64
	flush := func() {
		if count > 0 {
			runs = append(runs, fmt.Sprintf("%dx%d", step, count))
		}
	}
	last := from
	for due := schedule.Next(last); !due.IsZero() && !due.After(until); due = schedule.Next(due) {
		minutes := int64(due.Sub(last) / time.Minute)
		if due.Unix()%60 != 0 || minutes <= 0 {
			log.Fatalf("%v after %v is no step of whole minutes", due, last)
		}
		if minutes != step {
			flush()
			step, count = minutes, 0
		}
		count++
		last = due
	}
	flush()
	return strings.Join(runs, " ")
}

func lines(name string) []string {
	file, err := os.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	var found []string
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			found = append(found, line)
		}
	}
	if err := scanner.Err(); err != nil {
		log.Fatal(err)
	}
	return found
}
